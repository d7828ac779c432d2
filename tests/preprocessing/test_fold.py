import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from genregraph.common.errors import UserError
from genregraph.preprocessing.fold import join

CLIPS = ["a", "b", "c", "d", "e", "f"]
LEFT = pd.DataFrame({"clip": CLIPS[::-1], "x": [6.0, 5, 4, 3, 2, 1], "length": 7.0})
RIGHT = pd.DataFrame({"clip": CLIPS, "z": [0.1, 0.2, 0.4, 0.8, 1.6, 3.2]})
TABLES = [("left", LEFT), ("right", RIGHT)]


def test_tables_are_joined_by_clip_in_the_order_asked_for():
    joined = join(TABLES, ["c", "a"], [])
    assert joined.columns.tolist() == ["x", "length", "z"]
    assert joined.index.tolist() == ["c", "a"]
    assert_array_equal(joined, [[3, 7, 0.4], [1, 7, 0.1]])
    assert join(TABLES, ["a"], ["length"]).columns.tolist() == ["x", "z"]


def test_only_imported_tables_may_lack_a_column_to_drop():
    with pytest.raises(UserError, match=r"drop: tempo: no such column.* x, length, z"):
        join(TABLES, CLIPS, ["tempo", "x"])
    assert join(TABLES, ["a"], ["tempo", "x"], imported=True).columns.tolist() == ["length", "z"]
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
