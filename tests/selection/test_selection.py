import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from genregraph.common.errors import UserError
from genregraph.common.seeds import fold_seed
from genregraph.folds.table import training_masks
from genregraph.selection.controlburn import ControlBurnSelector
from genregraph.selection.selection import COLUMNS, main, select

N = 60
TRUE = ["centroid", "tempo"]  # The features that differ between genres.
GENRES = np.array(["blues", "jazz", "rock"] * (N // 3))
CLIPS = [f"clip{i:02d}" for i in range(N)]


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    y = np.arange(N) % 3
    noise = pd.DataFrame(rng.normal(size=(N, 6)), CLIPS, [f"noise{i}" for i in range(6)])
    noise.insert(2, TRUE[0], 1000 * (y == 0) + 200 * rng.normal(size=N))
    noise.insert(5, TRUE[1], (y == 1) + 0.2 * rng.normal(size=N))
    return noise


def test_features_that_differ_between_genres_are_chosen(features):
    table = select(features, GENRES, 2, seed=4)
    assert table.columns.tolist() == COLUMNS
    assert table["feature"].tolist() == features.columns.tolist()
    assert table.loc[table["selected"], "feature"].tolist() == TRUE
    fitted = ControlBurnSelector(2, random_state=4).fit(features.to_numpy(), GENRES)
    assert_array_equal(table["importance_before"], fitted.feature_importances_)
    assert_array_equal(table["importance_after"], fitted.polished_importances_)


@pytest.mark.filterwarnings("ignore:n_features=2, but only 0:UserWarning")
def test_too_few_features_or_none_that_varies_are_errors(features):
    with pytest.raises(UserError, match="select: n_features: 9 is more than the 8 features"):
        select(features, GENRES, 9, seed=0)
    with pytest.raises(UserError, match="select: every feature is constant"):
        select(0 * features, GENRES, 2, seed=0)


@pytest.mark.parametrize("fit", ["all", "train"])
def test_step_selects_by_the_clips_it_may_see_on_any_number_of_cores(
    folds_of, features, tmp_path, fit
):
    folds = folds_of(CLIPS, GENRES, np.arange(N) // 3 % 2, np.arange(N) // 6 % 2)
    folds.to_parquet(tmp_path / "folds.parquet")
    tables = [tmp_path / "features.parquet"]
    features.reset_index(names="clip").to_parquet(tables[0])
    outputs = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for jobs, output in enumerate(outputs, start=1):
        main(tmp_path / "folds.parquet", fit, 3, 0, output, tables, drop=["noise0"], jobs=jobs)
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    written = pd.read_csv(outputs[0]).set_index(["repeat", "fold"])
    assert written.columns.tolist() == COLUMNS
    kept = features.drop(columns="noise0")
    for number, train in enumerate(training_masks(folds)):
        seen, seed = train | (fit == "all"), fold_seed(0, number if fit == "train" else 0)
        expected = select(kept[seen], GENRES[seen], 3, seed=seed)
        own = written.loc[divmod(number, 2)].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, expected, check_exact=False, rtol=1e-12)
