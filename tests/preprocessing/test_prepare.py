import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from genregraph.common.errors import UserError
from genregraph.datasets.spreadsheet import write_csv
from genregraph.preprocessing import prepare
from genregraph.preprocessing.fold import join
from genregraph.preprocessing.inputs import InputsFile
from genregraph.preprocessing.prepare import main, reduce, scale

CLIPS = ["a", "b", "c", "d", "e", "f"]
LEFT = pd.DataFrame({"clip": CLIPS[::-1], "x": [6.0, 5, 4, 3, 2, 1], "length": 7.0})
RIGHT = pd.DataFrame({"clip": CLIPS, "z": np.float32([0.1, 0.2, 0.4, 0.8, 1.6, 3.2])})
TABLES = [("left", LEFT), ("right", RIGHT)]


def test_tables_are_joined_by_clip_in_the_order_asked_for_without_columns_to_drop():
    joined = join(TABLES, ["c", "a"], [])
    assert joined.columns.tolist() == ["x", "length", "z"]
    assert joined.index.tolist() == ["c", "a"]
    assert_array_equal(joined, [[3, 7, np.float32(0.4)], [1, 7, np.float32(0.1)]])
    assert join(TABLES, CLIPS, ["tempo", "x"], imported=True).columns.tolist() == ["length", "z"]
    with pytest.raises(UserError, match=r"drop: tempo: no such column.* x, length, z"):
        join(TABLES, CLIPS, ["tempo", "x"])
    with pytest.raises(UserError, match="no feature of the experiment's tables is left"):
        join(TABLES, CLIPS, ["x", "length", "z"])


def test_column_in_two_tables_is_named_by_its_table():
    other = pd.DataFrame({"clip": CLIPS, "x": 0.5, "y": 9.0})
    joined = join([("a", LEFT), ("b", other)], ["f", "a"], [])
    assert joined.columns.tolist() == ["a_x", "length", "b_x", "y"]
    assert_array_equal(joined, [[6, 7, 0.5, 9], [1, 7, 0.5, 9]])
    assert join([("a", LEFT), ("b", other)], CLIPS, ["x"]).columns.tolist() == ["length", "y"]
    with pytest.raises(UserError, match=r"two features .* called a_x"):
        join([("a", LEFT), ("b", other.rename(columns={"y": "a_x"}))], CLIPS, [])


VALUES = np.random.default_rng(0).normal([1e12, -3, 1e-9, 50], [1e11, 1, 1e-10, 20], size=(40, 4))
EVERYTHING = np.ones(40, dtype=bool)
HALF = np.arange(40) < 20


@pytest.mark.parametrize("seen", [EVERYTHING, HALF])
def test_scaling_agrees_with_scikit_learn_but_what_is_constant_in_clips_seen_is_0(seen):
    constant = np.array([[0.1, 5, 1], [0.1, 5, 2], [0.1, 1e12, 3]])
    for how, scaler in (("standard", StandardScaler()), ("minmax", MinMaxScaler())):
        expected = scaler.fit(VALUES[seen]).transform(VALUES)
        assert_allclose(scale(VALUES, seen, how), expected, rtol=1e-9, atol=1e-12)
        values = scale(constant, np.array([True, True, False]), how)
        assert values.any(axis=0).tolist() == [False, False, True]
    assert_array_equal(scale(VALUES, seen, "none"), VALUES, strict=True)


def test_principal_components_are_fitted_to_the_clips_seen_alone():
    x = np.random.default_rng(0).normal(size=(40, 5)) * np.arange(1, 6) + 1000 * ~HALF[:, None]
    centred = x - x[HALF].mean(axis=0)
    scores = centred @ np.linalg.svd(centred[HALF], full_matrices=False)[2][:2].T
    expected = scores / scores[HALF].std(axis=0)
    assert_allclose(np.abs(reduce(x, HALF, "pca", 2, seed=0)), np.abs(expected), rtol=1e-9)


def test_tsne_is_repeatable_and_keeps_far_clips_apart():
    x = np.random.default_rng(0).normal(size=(40, 5)) + 50 * HALF[:, None]
    reduced = reduce(x, EVERYTHING, "tsne", 2, seed=1)
    assert_array_equal(reduce(x, EVERYTHING, "tsne", 2, seed=1), reduced)
    centres = [reduced[part].mean(axis=0) for part in (HALF, ~HALF)]
    assert_array_equal(np.diff(cdist(reduced, centres))[:, 0] > 0, HALF)


def test_too_many_dimensions_or_clips_are_errors(monkeypatch):
    monkeypatch.setattr(prepare, "MOST", 39)
    for seen, method, to, error in (
        (EVERYTHING, "pca", 6, "to: 6 is more than 5"),
        (np.arange(40) < 3, "pca", 4, "to: 4 is more than 3"),
        (EVERYTHING, "tsne", 2, "tsne embeds 39 clips at most, and these are 40; use pca"),
    ):
        with pytest.raises(UserError, match=error):
            reduce(np.eye(40, 5), seen, method, to, seed=0)


GENRES = ["jazz", "blues"] * 3
REPEATS = [[0, 0, 1, 1, 2, 2], [2, 1, 0, 2, 1, 0]]
KEYS = [(repeat, fold) for repeat in (0, 1) for fold in (0, 1, 2)]
GROUPS = list("ggghhi")


@pytest.fixture
def step(tmp_path, folds_of, monkeypatch):
    """Run the step on two repeats of three folds, and by two columns at a time."""
    monkeypatch.setattr(prepare, "BLOCK", 2)
    folds_of(CLIPS, GENRES, *REPEATS, groups=GROUPS).to_parquet(tmp_path / "folds.parquet")
    for name, table in TABLES:
        table.to_parquet(tmp_path / f"{name}.parquet")
    tables, output = [tmp_path / f"{name}.parquet" for name, _ in TABLES], tmp_path / "inputs.npz"

    def run(scaling="none", fit="all", apart=False, **options):
        options = {"tables": tables, **options}
        main(tmp_path / "folds.parquet", fit, apart, scaling, 0, output, **options)
        return InputsFile(output)

    return run


def test_main_gives_each_clip_its_own_features_genre_and_part(step):
    file = step(apart=True)
    assert file.keys == KEYS
    inputs = file[4]
    assert inputs.clips.tolist() == CLIPS
    assert inputs.clips[~inputs.train].tolist() == ["b", "e"]
    assert inputs.genres.tolist() == ["blues", "jazz"]
    assert inputs.genres[inputs.y].tolist() == GENRES
    assert inputs.features.tolist() == ["x", "length", "z"]
    expected = np.column_stack([np.float32([1, 2, 3, 4, 5, 6]), np.float32([7] * 6), RIGHT["z"]])
    assert_array_equal(inputs.x, expected, strict=True)
    assert (inputs.y.dtype, inputs.train.dtype) == (np.int64, np.bool_)
    assert inputs.artists.tolist() == [f"artist {group}" for group in GROUPS]
    # Groups are single clips where folds separate groups.
    assert (inputs.groups.tolist(), step()[0].groups.tolist()) == (GROUPS, CLIPS)


def test_main_takes_the_features_that_a_fold_selects(step, tmp_path):
    table = pd.DataFrame({"clip": CLIPS, "01": 1.0, "1": 2.0, "NA": 3.0, "=1+2": 4.0})
    table.to_parquet(tmp_path / "names.parquet")
    names = table.columns[1:]
    chosen = [
        pd.DataFrame({"repeat": r, "fold": f, "feature": names, "selected": names != names[r + f]})
        for r, f in KEYS
    ]
    write_csv(pd.concat(chosen), tmp_path / "selection.csv")
    own = {"tables": [tmp_path / "names.parquet"], "selection": tmp_path / "selection.csv"}
    file = step(fit="train", **own)
    assert file[0].features.tolist() == ["1", "NA", "=1+2"]
    assert file[5].features.tolist() == ["01", "1", "NA"]


@pytest.mark.parametrize("fit", ["all", "train"])
def test_table_fitted_to_each_fold_is_read_fold_by_fold(step, tmp_path, fit):
    rows = [(r, f, clip, 10 * r + f) for r, f in KEYS for clip in CLIPS]
    fitted = pd.DataFrame(rows, columns=["repeat", "fold", "clip", "x"]).astype({"x": np.float32})
    fitted.to_parquet(tmp_path / "cnn.parquet")
    file = step(fit=fit, fitted=tmp_path / "cnn.parquet", drop=["length"])
    assert file.which == list(range(6))
    assert file[0].features.tolist() == ["left_x", "z", "cnn_x"]
    assert [set(inputs.x[:, 2]) for inputs in file] == [{v} for v in (0, 1, 2, 10, 11, 12)]


@pytest.mark.parametrize(("fit", "which"), [("all", [0] * 6), ("train", list(range(6)))])
def test_main_scales_by_the_clips_it_may_see(step, fit, which):
    file = step("standard", fit)
    assert file.which == which
    seen = file[4].train if fit == "train" else np.ones(6, dtype=bool)
    expected = scale(np.column_stack([np.arange(1, 7), RIGHT["z"]]), seen, "standard")
    assert_array_equal(file[4].x[:, [0, 2]], expected.astype(np.float32))
    assert not file[4].x[:, 1].any()


def test_main_reduces_what_is_left_after_scaling(step):
    inputs = step("standard", reduction="pca", to=2, drop=["length"])[0]
    assert inputs.features.tolist() == ["pca1", "pca2"]
    x = step("standard", drop=["tempo", "length"], imported=True)[0].x.astype(float)
    assert x.shape == (6, 2)
    expected = reduce(x, np.ones(6, dtype=bool), "pca", 2, 0)
    assert_allclose(np.abs(inputs.x), np.abs(expected), atol=1e-5)
