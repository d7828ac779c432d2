import re
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genregraph.common.errors import UserError
from genregraph.datasets.delimited import plain
from genregraph.datasets.sheet import (
    AUDITED,
    COLUMNS,
    NO_GENRES,
    Row,
    appended,
    digest,
    locate,
    read_sheet,
    rows_by_shard,
    shard_of,
    shards_for,
    write_sheet,
)
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


def sheet(folder: Path, text: str) -> Path:
    path = folder / "mine.tsv"
    path.write_text(text, encoding="utf-8")
    return path


@given(sheets)
def test_what_is_written_is_read(tmp_path_factory, rows) -> None:
    path = tmp_path_factory.mktemp("sheets") / "mine.tsv"
    write_sheet(rows, path)
    assert read_sheet(path) == tidy(rows)


def test_empty_columns_are_left_out(tmp_path) -> None:
    path = tmp_path / "mine.tsv"
    write_sheet([Row("a", "x/a.wav", "x"), Row("b", "x/b.wav", "x", artist="Ann")], path)
    assert path.read_text() == "clip\tpath\tgenre\tartist\na\tx/a.wav\tx\t\nb\tx/b.wav\tx\tAnn\n"


def test_columns_are_found_by_name_and_others_ignored(tmp_path) -> None:
    text = "year\tgenre\tclip\tartist\tpath\n1999\tx\ta\tAnn\tx/a.wav\n"
    assert read_sheet(sheet(tmp_path, text)) == [Row("a", "x/a.wav", "x", artist="Ann")]


def test_lines_may_end_as_on_windows_and_stop_early(tmp_path) -> None:
    text = "clip\tpath\tgenre\tgroup\r\na\tx/a.wav\tx\r\n\r\nb\tx/b.wav\tx\tg\r\n"
    assert read_sheet(sheet(tmp_path, text)) == [
        Row("a", "x/a.wav", "x"),
        Row("b", "x/b.wav", "x", group="g"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column clip, path, genre; the header line must hold clip path genre"),
        ("clip path genre\na x/a.wav x\n", "no column clip, path, genre;"),
        ("clip\tgenre\na\tx\n", "no column path;"),
        ("clip\tpath\tgenre\n", "no clips; add a line for each"),
        ("clip\tpath\tgenre\na\tx/a.wav\tx\nb\tx/b.wav\n", "line 3 has no genre; fill it in"),
        ("clip\tpath\tgenre\n\t\tx\n", "line 2 has no clip, path; fill it in"),
        (
            "clip\tpath\tgenre\na\tx/a\tx\na\tx/b\tx\n",
            "line 3 names clip 'a' again, as line 2 does; rename one",
        ),
        ("clip\tpath\tgenre\ngenre\na\tx/a\tx\n", "line 2 has no path, genre; fill it in"),
        ("clip\tpath\tgenre\tGenre\na\tx/a\tx\ty\n", "two columns are called genre; remove or"),
        (
            "clip\tpath\tgenre\na\tx/a\tx\nb\tx/b\tx\tmore\n",
            "line 3 has 4 values, and the header 3; put a value that holds what separates",
        ),
        ("clip\tpath\tgenre\na\tx/a\0\tx\n", "line 2 holds a NUL character; save it as text"),
        (
            'clip\tpath\tgenre\ttitle\tartist\na\tx/a\tx\t"A\nb\tx/b\tx\nc\tx/c\tx\tAt 12"\tA\n',
            "line 2: a quotation mark opens a value that ends in line 4: write it twice, in a pair",
        ),
        *(
            (f"clip\tpath\tgenre\na\tx/a\t{name}\n", f"line 2: a genre cannot be called '{name}'")
            for name in NO_GENRES
        ),
    ],
)
def test_a_faulty_sheet_says_what_to_mend(tmp_path, text, message) -> None:
    path = sheet(tmp_path, text)
    with pytest.raises(UserError) as error:
        read_sheet(path)
    assert str(error.value).startswith(f"{path}: {message}")


def test_a_missing_sheet_says_how_to_make_one(tmp_path) -> None:
    with pytest.raises(UserError, match=r"/genregraph init FOLDER --name mine\n.*sheet=FILE"):
        read_sheet(tmp_path / "mine.tsv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
def test_a_sheet_is_read_as_excel_saves_it(tmp_path, encoding, ends, delimiter) -> None:
    lines = [
        ["Clip", "PATH", " genre ", "title", "", ""],
        ["Café", "x/a.wav", " x", '"""Heroes"" live"', "", ""],
        ["", "", "", "", "", ""],
        ["b", "x/b.wav", "x ", "two words", "", ""],
        ["", "", "", "", "", ""],
    ]
    path = tmp_path / "mine.tsv"
    text = ends.join(map(delimiter.join, lines))
    path.write_text(text, encoding=encoding, newline="")
    expected = [
        Row("Café", "x/a.wav", "x", title='"Heroes" live'),
        Row("b", "x/b.wav", "x", title="two words"),
    ]
    assert read_sheet(path) == expected
    path.write_text(f"sep={delimiter}{ends}{text}", encoding=encoding, newline="")
    assert read_sheet(path) == expected


def test_titles_that_begin_with_a_quotation_mark_swallow_no_row(tmp_path) -> None:
    titles = ['"Weird', "b", "c", '"Heroes" live', '"Other', 'The 12"', '"', 'a "b" c', '"d"']
    lines = [f"{i}\tx/{i}.wav\tx\t{title}" for i, title in enumerate(titles)]
    rows = read_sheet(sheet(tmp_path, "\n".join(["clip\tpath\tgenre\ttitle", *lines])))
    assert [row.title for row in rows] == [*titles[:-1], "d"]


def test_a_title_and_an_artist_in_quotation_marks_stay_two_values(tmp_path) -> None:
    text = 'clip\tpath\tgenre\ttitle\tartist\na\tx/a.wav\tx\t"Weird\tThe 12"\n'
    (row,) = read_sheet(sheet(tmp_path, text))
    assert (row.title, row.artist) == ('"Weird', 'The 12"')


def test_a_name_that_would_be_read_as_rows_is_not_written(tmp_path) -> None:
    path = tmp_path / "mine.tsv"
    with pytest.raises(UserError, match="no sheet can hold names with tabs and line breaks"):
        write_sheet([Row("a\t\t\nb", "x/a.wav", "x")], path)
    assert not path.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("artist", ["", "Ann"])
def test_rows_are_appended_to_a_sheet_as_a_spreadsheet_writes_it(
    tmp_path, encoding, artist
) -> None:
    text = 'sep=;\r\nClip;PATH;Genre\r\na;"b;ä.wav";x\r\n'
    new = [Row("n;1", "new\r\n.wav", 'a "b"'), Row("n2", "ö.wav", "y", artist=artist)]
    path = tmp_path / "sheet.csv"
    path.write_bytes(appended(text.encode(encoding), new))
    assert read_sheet(path) == [Row("a", "b;ä.wav", "x"), *new]
    stays = text[:22] if artist else text  # With an artist, each line gets a column.
    assert path.read_bytes().startswith(stays.encode(encoding))


def test_what_looks_wrong_is_logged_with_its_line(tmp_path, caplog) -> None:
    text = "clip\tpath\tgenre\tartists\na\tx/a.wav\tRock\tAnn\nb\tx/b.wav\trock\tAnn\n"
    path = sheet(tmp_path, text + "c\tx/a.wav\trock\tBo\n")
    assert [row.genre for row in read_sheet(path)] == ["rock"] * 3
    assert [record.getMessage() for record in caplog.records] == [
        "column 'artists' is not read; rename it if it is 'artist'",
        f"{path}: genres 'Rock', 'rock' are taken for one, 'rock'",
        f"{path}: line 4 names the file 'x/a.wav' again, as line 2 does",
    ]


@pytest.mark.parametrize("encoding", ["utf-16-le", "latin-1"])
def test_a_sheet_in_another_encoding_is_refused(tmp_path, encoding) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text("clip\tpath\tgenre\nCafé\tx/a.wav\tx\n", encoding=encoding)
    with pytest.raises(
        UserError, match=r"mine.tsv: (not UTF-8|line 1 holds a NUL).*; save it as text in UTF-8"
    ):
        read_sheet(path)


@pytest.mark.parametrize(("name", "clips"), [("demo", 120), ("gtzan-mini", 100), ("gtzan", 1000)])
def test_shipped_sheets_name_a_file_each_in_ten_equal_genres(name, clips) -> None:
    rows = read_sheet(DATASETS / f"{name}.tsv")
    assert len({row.path for row in rows}) == len(rows) == clips
    assert set(Counter(row.genre for row in rows).values()) == {clips // 10}
    assert all(row.path == f"{row.genre}/{row.clip}.wav" for row in rows)
    assert all(re.fullmatch("[0-9a-f]{32}", row.md5) for row in rows) or name == "demo"


@pytest.mark.parametrize(
    ("clip", "shards", "shard"),
    [
        ("blues.00000", 16, 8),
        ("blues.00000", 32, 24),
        ("a b'; touch x; $(id)", 16, 1),
        ("日本", 4096, 1739),
    ],
)
def test_a_clips_shard_is_the_same_for_ever(clip, shards, shard) -> None:
    assert shard_of(clip, shards) == shard


@given(sheets, rows, st.integers(1, 4096))
def test_another_clip_moves_none(rows, more, shards) -> None:
    before = rows_by_shard(rows, shards)
    assert sorted((row for each in before.values() for row in each), key=rows.index) == rows
    assert list(before) == sorted(before)
    new = f"{shard_of(more.clip, shards):02d}"
    with_more = rows_by_shard([*rows, more], shards)
    assert with_more.pop(new) == [*before.pop(new, []), more]
    assert with_more == before


def test_shards_are_about_even() -> None:
    shards = rows_by_shard([Row(f"clip {i}", f"x/{i}.wav", "x") for i in range(1000)], 10)
    sizes = [len(shard) for shard in shards.values()]
    assert list(shards) == [f"0{i}" for i in range(10)]
    assert min(sizes) > 70 and max(sizes) < 130


@given(sheets, sheets)
def test_digests_are_equal_if_and_only_if_the_rows_are(rows, others) -> None:
    assert digest(rows) == digest(iter(list(rows)))
    assert (digest(rows) == digest(others)) == (rows == others)


def test_a_digest_is_the_same_in_every_run() -> None:
    assert digest([Row("a", "x/a.wav", "x")]) == "749fc65776dd390d"


@pytest.mark.parametrize("name", [field.name for field in fields(Row)])
def test_what_the_audit_depends_on_is_clip_path_and_md5_alone(name) -> None:
    rows = [Row("a", "x/$(a) b\n.wav", "x"), Row("b", "x/b.wav", "x")]
    edited = [rows[0], replace(rows[1], **{name: "new"})]
    assert (digest(rows, AUDITED) != digest(edited, AUDITED)) == (name in ("clip", "path", "md5"))


def there(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


GTZAN = (".wav", ".au")


@pytest.mark.parametrize("path", ["x/blues.00000.wav", "x/blues.00000.au"])
@pytest.mark.parametrize("there_is", GTZAN)
def test_a_file_of_another_ending_stands_in_where_the_dataset_says_so(
    tmp_path, path, there_is
) -> None:
    there(tmp_path, f"x/blues.00000{there_is}")
    assert locate(tmp_path, path, GTZAN) == f"x/blues.00000{there_is}"
    assert locate(tmp_path, path) == (path if path.endswith(there_is) else None)


def test_the_file_that_the_sheet_states_comes_first(tmp_path) -> None:
    paths = ["x/a.wav", "x/a.au", "x/a.mp3"]
    there(tmp_path, *paths)
    assert [locate(tmp_path, path, GTZAN) for path in paths] == paths


def test_another_clips_file_never_stands_in(tmp_path) -> None:
    there(tmp_path, "rock/song.wav", "02.wav")
    assert locate(tmp_path, "rock/song.mp3", GTZAN) is None
    assert locate(tmp_path, "rock/song.au", GTZAN, {"rock/song.wav"}) is None
    assert locate(tmp_path, "02. Other Song", GTZAN) is None
    assert locate(tmp_path, "02", GTZAN) is None


def test_nothing_else_stands_in(tmp_path) -> None:
    there(tmp_path, "x/a.txt", "x/blues.wav", "y/a.wav", "x/blues.00000.wav/folder")
    assert locate(tmp_path, "x/a.wav", GTZAN) is None
    assert locate(tmp_path, "x/blues.00001.wav", GTZAN) is None
    assert locate(tmp_path, "x/blues.00000.wav", GTZAN) is None


@pytest.mark.parametrize("path", ["n" * 300, "a\0b.wav", "x/" * 3000, "..", "."])
def test_what_can_be_no_file_is_missing(tmp_path, path) -> None:
    assert locate(tmp_path, path, GTZAN) is None


@pytest.mark.parametrize("clips", [1, 256, 4095, 4096, 4097, 9999, 262_144, 10**6])
def test_shards_are_few_and_hold_some_tens_of_clips_each(clips) -> None:
    shards = shards_for(clips)
    assert 16 <= shards <= 1024 and shards.bit_count() == 1
    assert clips / shards <= 256 or shards == 1024
    assert clips / shards > 128 or shards == 16
