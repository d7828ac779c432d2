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
GENRES = ["blues", "jazz", "rock"] * (N // 3)


@pytest.fixture
def folds(folds_of):
    """Two repeats of two folds."""
    clips = [f"clip{i:02d}" for i in range(N)]
    return folds_of(clips, GENRES, np.arange(N) // 3 % 2, np.arange(N) // 6 % 2)


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    y = np.arange(N) % 3
    noise = pd.DataFrame(rng.normal(size=(N, 6)), columns=[f"noise{i}" for i in range(6)])
    noise.insert(2, TRUE[0], 1000 * (y == 0) + 200 * rng.normal(size=N))
    noise.insert(5, TRUE[1], (y == 1) + 0.2 * rng.normal(size=N))
    noise.insert(0, "clip", [f"clip{i:02d}" for i in range(N)])
    return noise


def test_features_that_differ_between_genres_are_chosen(features):
    x, genres = features.drop(columns="clip"), np.array(GENRES)
    table = select(x, genres, 2, seed=4)
    assert table.columns.tolist() == COLUMNS
    assert table["feature"].tolist() == features.columns[1:].tolist()
    assert table.loc[table["selected"], "feature"].tolist() == TRUE
    fitted = ControlBurnSelector(2, random_state=4).fit(x.to_numpy(), genres)
    assert_array_equal(table["importance_before"], fitted.feature_importances_)
    assert_array_equal(table["importance_after"], fitted.polished_importances_)


def test_more_features_than_there_are_are_an_error(features):
    with pytest.raises(UserError, match="select: n_features: 9 is more than the 8 features"):
        select(features.drop(columns="clip"), GENRES, 9, seed=0)


@pytest.fixture
def step(tmp_path):
    """Run the step, the features in two tables; the selections of all folds."""

    def run(folds, features, fit="train", n_features=2, seed=0, **options):
        folds.to_parquet(tmp_path / "folds.parquet")
        tables = [tmp_path / "left.parquet", tmp_path / "right.parquet"]
        features.iloc[:, :4].to_parquet(tables[0])
        features.iloc[::-1, [0, *range(4, features.shape[1])]].to_parquet(tables[1])
        output = tmp_path / "selection.csv"
        main(tmp_path / "folds.parquet", fit, n_features, seed, output, tables, **options)
        return pd.read_csv(output)

    return run


def of_fold(table, number):
    repeat, fold = divmod(number, 2)
    own = table[(table["repeat"] == repeat) & (table["fold"] == fold)]
    return own[COLUMNS].reset_index(drop=True)


def garbled(folds, features, train, fold=3):
    """The same with the genres and features of a fold's training or test clips garbled."""
    mask = training_masks(folds)[fold] == train
    rng = np.random.default_rng(1)
    clips = features["clip"][mask]
    genres = dict(zip(clips, rng.permutation(np.array(GENRES)[mask]), strict=True))
    other = features.copy()
    other.loc[mask, features.columns[1:]] = 1e4 * rng.normal(size=(mask.sum(), 8))
    return folds.assign(genre=folds["clip"].map(genres).fillna(folds["genre"])), other


@pytest.mark.parametrize(
    ("fit", "train", "same"),
    [("train", False, True), ("train", True, False), ("all", False, False)],
)
def test_only_clips_that_are_fitted_to_decide(step, folds, features, fit, train, same):
    expected = of_fold(step(folds, features, fit), 3)
    other = of_fold(step(*garbled(folds, features, train), fit), 3)
    assert other.equals(expected) == same


@pytest.mark.parametrize("fit", ["all", "train"])
def test_main_writes_what_is_selected_by_the_clips_it_may_see(step, folds, features, fit):
    """But none of the columns that are left out."""
    table = step(folds, features, fit, 3, drop=["noise0"])
    features = features.drop(columns="noise0")
    assert table.columns.tolist() == ["repeat", "fold", *COLUMNS]
    assert len(table) == 4 * 7
    if fit == "all":
        for number in range(1, 4):
            pd.testing.assert_frame_equal(of_fold(table, number), of_fold(table, 0))
    seen = training_masks(folds)[3] | (fit == "all")
    seed = fold_seed(0, 3 if fit == "train" else 0)
    rows = features.drop(columns="clip")[seen]
    expected = select(rows, np.array(GENRES)[seen], 3, seed=seed)
    pd.testing.assert_frame_equal(of_fold(table, 3), expected, check_exact=False, rtol=1e-12)


def test_folds_side_by_side_give_the_same_bytes(step, folds, features, tmp_path):
    written = []
    for jobs in (1, 2):
        step(folds, features, jobs=jobs)
        written.append((tmp_path / "selection.csv").read_bytes())
    assert written[0] == written[1]
