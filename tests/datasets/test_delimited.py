import pytest

from genregraph.datasets.delimited import lines


def test_lines_are_numbered_as_in_the_file() -> None:
    text = 'a\tb\r\n1\t"two\nlines"\n\n\t\n2\tx\r3\ty'
    rows = [["a", "b"], ["1", "two\nlines"], ["2", "x"], ["3", "y"]]
    assert list(lines(text, "\t", 2)) == list(zip([1, 2, 6, 7], rows, strict=True))
    assert list(lines("", "\t", 2)) == [(1, [])]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('1\t"x ""y"" z"\n', [["1", 'x "y" z']]),
        ('1\t"x" y\n', [["1", '"x" y']]),
        ('1\t"x\n2\ty"\n', [["1", '"x'], ["2", 'y"']]),
        ('1\t"x\ty"\n', [["1", "x\ty"]]),
        ('1\t" x "\n2\t x \n', [["1", " x "], ["2", "x"]]),
        ('1\t"two\nlines"\n', [["1", "two\nlines"]]),
        ('1\t"\n2\tThe 12"\n', [["1", '"'], ["2", 'The 12"']]),
        ("1\n", [["1"]]),
    ],
)
def test_quotation_mark_opens_a_value_only_if_rows_stay_rows(text, rows) -> None:
    assert [row for _, row in lines("a\tb\n" + text, "\t", 2)][1:] == rows
