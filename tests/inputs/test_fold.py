import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from inputs.fold import clips_of, fitted_on, join
from settings.errors import UserError

CLIPS = ["a", "b", "c", "d", "e", "f"]
LEFT = pd.DataFrame({"clip": CLIPS[::-1], "x": [6.0, 5, 4, 3, 2, 1], "length": 7.0})
RIGHT = pd.DataFrame({"clip": CLIPS, "z": [0.1, 0.2, 0.4, 0.8, 1.6, 3.2]})
TABLES = [("left", LEFT), ("right", RIGHT)]


def test_tables_are_joined_by_clip_in_the_order_asked_for():
    joined = join(TABLES, ["c", "a"], [])
    assert joined.columns.tolist() == ["x", "length", "z"]
    assert joined.index.tolist() == ["c", "a"]
    assert_array_equal(joined, [[3, 7, 0.4], [1, 7, 0.1]])


def test_columns_can_be_dropped():
    assert join(TABLES, ["a"], ["length"]).columns.tolist() == ["x", "z"]


def test_an_unknown_column_to_drop_is_refused():
    with pytest.raises(UserError, match=r"drop: tempo: no such column.* x, length, z"):
        join(TABLES, CLIPS, ["tempo", "x"])


def test_a_column_in_two_tables_is_named_by_its_table():
    other = pd.DataFrame({"clip": CLIPS, "x": 0.5, "y": 9.0})
    joined = join([("a", LEFT), ("b", other)], ["f", "a"], [])
    assert joined.columns.tolist() == ["a_x", "length", "b_x", "y"]
    assert_array_equal(joined, [[6, 7, 0.5, 9], [1, 7, 0.5, 9]])
    assert join([("a", LEFT), ("b", other)], CLIPS, ["x"]).columns.tolist() == ["length", "y"]


def test_two_features_of_one_name_are_refused():
    other = pd.DataFrame({"clip": CLIPS, "x": 0.5, "a_x": 9.0})
    with pytest.raises(UserError, match=r"two features .* called a_x"):
        join([("a", LEFT), ("b", other)], CLIPS, [])


@pytest.fixture
def folds():
    return pd.DataFrame(
        {
            "clip": CLIPS * 2,
            "genre": ["jazz", "blues"] * 6,
            "group": CLIPS * 2,
            "repeat": [0] * 6 + [1] * 6,
            "fold": [0, 0, 1, 1, 2, 2, 2, 1, 0, 2, 1, 0],
        }
    )


@pytest.mark.parametrize(
    ("number", "test"), [(0, "ab"), (1, "cd"), (2, "ef"), (3, "cf"), (4, "be"), (5, "ad")]
)
def test_folds_are_numbered_on_over_repeats(folds, number, test):
    clips = clips_of(folds, number)
    assert clips["clip"].tolist() == CLIPS
    assert clips["clip"][~clips["train"]].tolist() == list(test)
    assert clips.index.tolist() == list(range(6))


def test_what_is_fitted_sees_all_clips_or_the_training_clips_alone(folds):
    clips = clips_of(folds, 4)
    assert fitted_on(clips, "all").tolist() == [True] * 6
    assert fitted_on(clips, "train").tolist() == [True, False, True, True, False, True]
