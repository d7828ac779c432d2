import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from inputs.controlburn import ControlBurnSelector
from inputs.fold import clips_of
from inputs.selection import COLUMNS, main, select
from settings.errors import UserError
from settings.seeds import fold_seed

N = 60
TRUE = ["centroid", "tempo"]  # The features that tell the genres.


@pytest.fixture
def folds():
    """Two repeats of three folds."""
    fold = np.concatenate([np.arange(N) // 3 % 3, np.arange(N) // 6 % 3])
    clips = [f"clip{i:02d}" for i in range(N)] * 2
    genres = ["blues", "jazz", "rock"] * (2 * N // 3)
    return pd.DataFrame(
        {
            "clip": clips,
            "genre": genres,
            "group": clips,
            "repeat": np.repeat([0, 1], N),
            "fold": fold,
        }
    )


@pytest.fixture
def features(folds):
    rng = np.random.default_rng(0)
    y = np.arange(N) % 3
    noise = pd.DataFrame(rng.normal(size=(N, 6)), columns=[f"noise{i}" for i in range(6)])
    noise.insert(2, TRUE[0], 1000 * (y == 0) + 200 * rng.normal(size=N))
    noise.insert(5, TRUE[1], (y == 1) + 0.2 * rng.normal(size=N))
    noise.insert(0, "clip", folds["clip"][:N])
    return noise


def test_the_features_that_tell_the_genres_are_chosen(folds, features):
    table = select(features.drop(columns="clip"), folds["genre"][:N].to_numpy(), 2, seed=0)
    assert table.columns.tolist() == COLUMNS
    assert table["feature"].tolist() == features.columns[1:].tolist()
    assert table.loc[table["selected"], "feature"].tolist() == TRUE


def test_importances_are_shares_of_the_forest_before_and_after(folds, features):
    x, genres = features.drop(columns="clip"), folds["genre"][:N].to_numpy()
    table = select(x, genres, 3, seed=4)
    fitted = ControlBurnSelector(3, random_state=4).fit(x.to_numpy(), genres)
    assert_array_equal(table["importance_before"], fitted.feature_importances_)
    assert_array_equal(table["importance_after"], fitted.polished_importances_)
    assert table["importance_before"].sum() == pytest.approx(1)
    assert table["importance_after"].sum() == pytest.approx(1)
    assert ((table["importance_after"] > 0) == table["selected"]).all()
    assert table["selected"].sum() == 3


def test_more_features_than_there_are_cannot_be_chosen(folds, features):
    x, genres = features.drop(columns="clip"), folds["genre"][:N].to_numpy()
    with pytest.raises(UserError, match="select: n_features: 9 is more than the 8 features"):
        select(x, genres, 9, seed=0)
    assert select(x, genres, 8, seed=0)["selected"].all()


@pytest.fixture
def step(tmp_path):
    """Run the step on a fold, its features in two tables; return the selection's bytes."""

    def run(folds, features, fold=4, fit="train", n_features=2, seed=0, **options):
        folds.to_parquet(tmp_path / "folds.parquet")
        tables = [tmp_path / "left.parquet", tmp_path / "right.parquet"]
        features.iloc[:, :4].to_parquet(tables[0])
        features.iloc[::-1, [0, *range(4, features.shape[1])]].to_parquet(tables[1])
        output = tmp_path / "selection.csv"
        main(tmp_path / "folds.parquet", fold, fit, n_features, seed, output, tables, **options)
        return output.read_bytes()

    return run


def garbled(folds, features, train, fold=4):
    """The same with the genres and features of a fold's training or test clips garbled."""
    dealt = clips_of(folds, fold)
    chosen = dealt.loc[dealt["train"] == train, "clip"]
    rng = np.random.default_rng(1)
    other_folds, other_features = folds.copy(), features.copy()
    of_folds, of_features = folds["clip"].isin(chosen), features["clip"].isin(chosen)
    other_folds.loc[of_folds, "genre"] = rng.permutation(folds.loc[of_folds, "genre"])
    names = features.columns[1:]
    noise = 1e4 * rng.normal(size=(of_features.sum(), len(names)))
    other_features.loc[of_features, names] = noise
    return other_folds, other_features


@pytest.mark.parametrize("fold", [0, 4])
def test_fitted_on_train_the_test_clips_change_nothing(step, folds, features, fold):
    expected = step(folds, features, fold)
    assert step(*garbled(folds, features, False, fold), fold) == expected


def test_fitted_on_train_the_training_clips_decide(step, folds, features):
    assert step(*garbled(folds, features, train=True)) != step(folds, features)


def test_fitted_on_all_the_test_clips_leak(step, folds, features):
    expected = step(folds, features, fit="all")
    assert step(*garbled(folds, features, train=False), fit="all") != expected


def test_folds_differ_in_the_clips_fitted_on_and_in_their_seed(step, folds, features):
    assert step(folds, features, 0, "all") != step(folds, features, 5, "all")
    assert step(folds, features, 0, "train") != step(folds, features, 5, "train")


@pytest.mark.parametrize("fit", ["all", "train"])
def test_main_writes_what_is_selected_by_the_clips_it_may_see(step, folds, features, fit, tmp_path):
    step(folds, features, 4, fit, 3)
    dealt = clips_of(folds, 4)
    seen = dealt[dealt["train"] | (fit == "all")]
    rows = features.set_index("clip").loc[seen["clip"]]
    expected = select(rows, seen["genre"].to_numpy(dtype=str), 3, seed=fold_seed(0, 4))
    written = pd.read_csv(tmp_path / "selection.csv")
    pd.testing.assert_frame_equal(written, expected, check_exact=False, rtol=1e-12)


def test_the_seed_decides(step, folds, features):
    first = step(folds, features, seed=1)
    assert step(folds, features, seed=1) == first
    assert step(folds, features, seed=2) != first


def test_dropped_columns_cannot_be_chosen(step, folds, features, tmp_path):
    step(folds, features, drop=["tempo"])
    written = pd.read_csv(tmp_path / "selection.csv")
    assert written["feature"].tolist() == features.columns[1:].drop("tempo").tolist()
    with pytest.raises(UserError, match="n_features: 8 is more than the 7 features"):
        step(folds, features, n_features=8, drop=["tempo"])
