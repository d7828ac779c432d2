import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregraph.common.errors import UserError
from genregraph.datasets import sheet
from genregraph.datasets.delimited import plain
from genregraph.datasets.sheet import AUDITED, COLUMNS, NO_GENRES, Row, read_sheet
from genregraph.datasets.tidy import tidy

HOSTILE = ["a b'; touch x; $(id).wav", "tab\there", "two\nlines", "old Mac\r", 'a "quote"', '"']
DATASETS = Path(__file__).parents[2] / "config" / "datasets"
unicode = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
# A value of both is an error where it looks like rows.
texts = st.sampled_from(HOSTILE) | unicode.filter(
    lambda text: "\t" not in text or not {"\r", "\n"} & set(text)
)
names = texts.filter(bool)
genres = names.filter(lambda name: plain(name) and plain(name) not in NO_GENRES)
rows = st.builds(Row, names, names, genres, *[texts] * (len(COLUMNS) - 3))
sheets = st.lists(rows, min_size=1, max_size=5, unique_by=lambda row: row.clip)


@given(sheets)
def test_read_gives_what_was_written(tmp_path_factory, rows) -> None:
    path = tmp_path_factory.mktemp("sheets") / "mine.tsv"
    sheet.write_sheet(rows, path)
    assert read_sheet(path) == tidy(rows)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("x", "no column genre; the header line must hold clip path genre, separated by tabs"),
        ("", "no clips; add a line for each"),
        ("\na,x/a.wav,x\nb,x/b.wav", "line 3 has no genre; fill it in"),
        ("\n,,x", "line 2 has no clip, path; fill it in"),
        ("\na,x/a,x\na,x/b,x", "line 3 names clip 'a' again, as line 2 does; rename one"),
        (",Genre\na,x/a,x,y", "two columns are called genre; remove or"),
        ("\na,x/a,x\nb,x/b,x,more", "line 3 has 4 values, and the header 3; put a value that"),
        ("\na,x/a\0,x", "line 2 holds a NUL character; save it as text"),
        (
            ',title,artist\na,x/a,x,"A\nb,x/b,x\nc,x/c,x,At 12",A',
            "line 2: a quotation mark opens a value up to line 4: write it twice, in a pair",
        ),
        ("\na,x/a,true", "line 2: a genre cannot be called 'true'"),
    ],
)
def test_read_rejects_faulty_sheet_with_its_line(tmp_path, lines, message) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text(f"clip,path,genre{lines}\n".replace(",", "\t"))
    with pytest.raises(UserError) as error:
        read_sheet(path)
    assert str(error.value).startswith(f"{path}: {message}")


def test_missing_sheet_names_commands(tmp_path) -> None:
    with pytest.raises(UserError, match=r"/genregraph init FOLDER --name mine\n.*sheet=FILE"):
        read_sheet(tmp_path / "mine.tsv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
def test_read_takes_spreadsheets_encodings_breaks_and_delimiters(
    tmp_path, encoding, ends, delimiter
) -> None:
    header = ["year", "PATH", " genre ", "Clip", "title", "", ""]
    first = ["1999", "x/a.wav", " x", "Café", '"""Heroes"" live"', "", ""]
    lines = [header, first, [""] * 6, ["", "x/c.wav", "x", "c"], [""] * 6]
    path = tmp_path / "mine.tsv"
    rows = [Row("Café", "x/a.wav", "x", title='"Heroes" live'), Row("c", "x/c.wav", "x")]
    for note in ("", f"sep={delimiter}{ends}"):
        text = note + ends.join(map(delimiter.join, lines))
        path.write_text(text, encoding=encoding, newline="")
        assert read_sheet(path) == rows


def test_no_sheet_is_made_of_a_name_that_reads_as_rows() -> None:
    with pytest.raises(UserError, match="no sheet can hold names with tabs and line breaks"):
        sheet.sheet_of([Row("a\t\t\nb", "x/a.wav", "x")])


@pytest.mark.parametrize(("encoding", "artist"), [("utf-8-sig", ""), ("utf-16", "Ann")])
def test_appended_keeps_columns_delimiter_and_encoding(tmp_path, encoding, artist) -> None:
    text = 'sep=;\r\nClip;PATH;Note;Genre\r\na;"b;ä.wav";my note;x\r\n'
    new = [Row("n;1", "new.wav", 'a "b"'), Row("n2", "ö.wav", "y", artist=artist)]
    path = tmp_path / "sheet.csv"
    path.write_bytes(sheet.appended(text.encode(encoding), new))
    assert read_sheet(path) == [Row("a", "b;ä.wav", "x"), *new]
    stays = text.replace("Genre", "Genre;artist").replace(";x", ";x;") if artist else text
    assert path.read_bytes().startswith(stays.encode(encoding))


def test_save_writes_to_where_a_link_leads_and_keeps_sheet_on_error(tmp_path) -> None:
    elsewhere, link = tmp_path / "elsewhere.tsv", tmp_path / "mine.tsv"
    link.symlink_to(elsewhere)
    (row,) = sheet.save_sheet(sheet.sheet_of([Row("a", "x/a.wav", "x")]), link, tmp_path)
    assert link.is_symlink() and read_sheet(elsewhere) == [row]
    before = elsewhere.read_bytes()
    with pytest.raises(UserError, match=r"^source: line 2: a genre cannot be called 'true'"):
        sheet.save_sheet(sheet.sheet_of([Row("a", "x/a.wav", "true")]), link, Path("source"))
    assert elsewhere.read_bytes() == before and len([*tmp_path.iterdir()]) == 2


def test_save_by_several_at_once_never_fails(tmp_path) -> None:
    sheets = [sheet.sheet_of([Row("a", f"x/{i}.wav", "x")]) for i in range(8)]
    path = tmp_path / "mine.tsv"
    with ThreadPoolExecutor() as pool:
        saved = [pool.submit(sheet.save_sheet, content, path, path) for content in 8 * sheets]
    assert [row.clip for each in saved for row in each.result()] == 64 * ["a"]


def test_read_logs_doubts_with_their_line(tmp_path, caplog) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text("clip,path,genre,artists\na,x/a,Rock,Ann\nb,x/b,rock,Ann\nc,x/a,rock,Bo\n")
    assert [row.genre for row in read_sheet(path)] == ["rock"] * 3
    assert [record.getMessage() for record in caplog.records] == [
        "column 'artists' is not read; rename it if it is 'artist'",
        f"{path}: genres 'Rock', 'rock' are taken for one, 'rock'",
        f"{path}: line 4 names the file 'x/a' again, as line 2 does",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        *(("Café".encode(e), "not UTF-8") for e in ("utf-16-le", "cp1252")),
        (b"PK", "a workbook, not"),
    ],
)
def test_read_rejects_other_encodings_and_workbooks(tmp_path, content, said) -> None:
    (tmp_path / "mine.tsv").write_bytes(content)
    with pytest.raises(UserError, match=rf"mine.tsv: {said}.*; save it as"):
        read_sheet(tmp_path / "mine.tsv")


@pytest.mark.parametrize(("name", "clips"), [("demo", 60), ("gtzan-mini", 100), ("gtzan", 1000)])
def test_shipped_sheets_name_a_file_each_in_ten_equal_genres(name, clips) -> None:
    rows = read_sheet(DATASETS / f"{name}.tsv")
    assert len({row.path for row in rows}) == len(rows) == clips
    assert set(Counter(row.genre for row in rows).values()) == {clips // 10}
    assert all(row.path == f"{row.genre}/{row.clip}.wav" for row in rows)
    assert all(re.fullmatch("[0-9a-f]{32}", row.md5) for row in rows) or name == "demo"


@given(sheets, rows, st.integers(1, 4096))
def test_another_clip_moves_no_other_to_another_shard(rows, more, shards) -> None:
    for_ever = {("blues.00000", 32): "24", ("日本", 4096): "1739"}
    assert all(
        [*sheet.rows_by_shard([Row(n, n, "x")], of)] == [for_ever[n, of]] for n, of in for_ever
    )
    before = sheet.rows_by_shard(rows, shards)
    assert list(before) == sorted(before)
    [new] = sheet.rows_by_shard([more], shards)
    with_more = sheet.rows_by_shard([*rows, more], shards)
    assert with_more.pop(new) == [*before.pop(new, []), more]
    assert with_more == before


@given(sheets, sheets)
def test_digests_are_equal_if_rows_are(rows, others) -> None:
    assert sheet.digest(rows) == sheet.digest(iter(list(rows)))
    assert (sheet.digest(rows) == sheet.digest(others)) == (rows == others)
    titled = [replace(row, title=f"not {row.title}") for row in rows]
    assert sheet.digest(rows) != sheet.digest(titled)
    assert sheet.digest(rows, AUDITED) == sheet.digest(titled, AUDITED)
    assert sheet.digest([Row("a", "x/a.wav", "x")]) == "749fc65776dd390d"


@pytest.mark.parametrize(
    ("path", "file"),
    [
        *((path, path) for path in ("rock/a.wav", "rock/a.au", "rock/a.mp3")),
        ("rock/song.au", "rock/song.wav"),
        ("rock/song.mp3", None),  # It is no extension of the dataset.
        ("rock/other.au", None),  # rock/other.wav is another clip's.
        (r"rock\a.wav", "rock/a.wav"),
        (r"rock\b.wav", r"rock\b.wav"),
        *((path, None) for path in ("n" * 300, "a\0b.wav", "x/" * 3000, "..", "rock")),
    ],
)
def test_locate_finds_what_a_path_of_the_sheet_means(tmp_path, path, file) -> None:
    (tmp_path / "rock").mkdir()
    for name in ("a.wav", "a.au", "a.mp3", "song.wav", "other.wav", "b.wav"):
        (tmp_path / "rock" / name).touch()
    (tmp_path / r"rock\b.wav").touch()
    assert sheet.locate(tmp_path, path, (".wav", ".au"), {"rock/other.wav"}) == file
