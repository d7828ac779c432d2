import pandas as pd

from genregraph.audio.problems import NOT_IN_TABLE, of_whole_tables, write_problems


def test_problems_of_a_table_are_not_those_of_its_clips_and_columns(tmp_path) -> None:
    lacking = ("", "mine lacks 2 of 3 clips of jazz", NOT_IN_TABLE)
    column, clip = ("", "column 'x': text", "left out"), ("a", "mine: no row", NOT_IN_TABLE)
    for problems, expected in [([lacking, column, clip], [lacking[1]]), ([clip], []), ([], [])]:
        write_problems(problems, tmp_path / "problems.csv")
        assert of_whole_tables(pd.read_csv(tmp_path / "problems.csv")) == expected


def test_clip_name_is_no_formula_in_a_spreadsheet(tmp_path) -> None:
    write_problems([("=1+2", "empty", "rejected")], tmp_path / "problems.csv")
    assert pd.read_csv(tmp_path / "problems.csv")["clip"].tolist() == ["'=1+2"]
