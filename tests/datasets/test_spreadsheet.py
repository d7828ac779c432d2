import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from genregraph.datasets.spreadsheet import (
    NOT_IN_TABLE,
    guarded,
    of_whole_tables,
    read_csv,
    unguarded,
    write_csv,
    write_problems,
)

FORMULAS = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"]


@given(st.text(alphabet="'=+-@\t\r ab", max_size=6))
def test_guarded_begins_no_formula_and_comes_back(text) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(tuple("=+-@\t\r"))


def test_table_comes_back_with_its_numbers(tmp_path) -> None:
    table = pd.DataFrame({"clip": [*FORMULAS, "NA", ""], "value": [-1.5, *range(7)]})
    write_csv(table, tmp_path / "table.csv")
    assert pd.read_csv(tmp_path / "table.csv")["value"].tolist() == table["value"].tolist()
    assert read_csv(tmp_path / "table.csv")["clip"].tolist() == table["clip"].tolist()


def test_problems_of_a_table_are_not_those_of_its_clips_and_columns(tmp_path) -> None:
    lacking = ("", "mine lacks 2 of 3 clips of jazz", NOT_IN_TABLE)
    column, clip = ("", "column 'x': text", "left out"), ("=1", "mine: no row", NOT_IN_TABLE)
    for problems, expected in [([lacking, column, clip], [lacking[1]]), ([clip], []), ([], [])]:
        write_problems(problems, tmp_path / "problems.csv")
        written = pd.read_csv(tmp_path / "problems.csv")
        assert of_whole_tables(written) == expected
        assert clip not in problems or written["clip"].tolist()[-1] == "'=1"
