import pytest

from genregraph.common.errors import UserError
from genregraph.datasets.delimited import Line, decoded, delimiter_of, dialect_of, lines


def read(text: str, delimiter: str = "\t", fewest: int = 2) -> list[list[str]]:
    return [row.values for row in lines(text, delimiter, fewest)]


def test_rows_know_their_line() -> None:
    text = 'a\tb\r\n1\t"two\nlines"\n\n\t\n2\tx\r3\ty'
    assert list(lines(text, "\t", 2)) == [
        Line(1, ["a", "b"]),
        Line(2, ["1", "two\nlines"]),
        Line(6, ["2", "x"]),
        Line(7, ["3", "y"]),
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('1\t"x ""y"" z"\n', [["1", 'x "y" z']]),
        ('1\t"x" y\n', [["1", '"x" y']]),
        ('1\t"x\n2\ty"\n', [["1", '"x'], ["2", 'y"']]),
        ('1\t"x\ty"\n', [["1", "x\ty"]]),
        ('1\t" x "\n2\t x \n', [["1", " x "], ["2", "x"]]),
        ("1\n", [["1"]]),
    ],
)
def test_a_quotation_mark_opens_a_value_only_if_rows_stay_rows(text, rows) -> None:
    assert read("a\tb\n" + text)[1:] == rows


def test_what_may_be_rows_or_a_value_is_refused_with_its_lines() -> None:
    with pytest.raises(UserError, match=r"line 2: a quotation mark opens .* in line 3"):
        read('a\tb\tc\n1\t"x\n2\ty"\tz\n')


def test_the_delimiter_is_the_first_that_fits(tmp_path) -> None:
    assert delimiter_of("a;b,c", lambda names: "a" in names) == ";"
    assert delimiter_of("a;b,c", lambda names: "z" in names) == "\t"
    path = tmp_path / "table.csv"
    for encoding, said in {"utf-8": "utf-8-sig", "utf-16": "utf-16"}.items():
        path.write_text("clip;x\na;1,5\n", encoding=encoding)
        assert dialect_of(path, lambda names: "clip" in names) == (said, ";")


def test_a_workbook_is_no_text() -> None:
    with pytest.raises(UserError, match="a workbook, not text"):
        decoded(b"PK\x03\x04")
