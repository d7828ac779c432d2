import os
import shlex
from pathlib import Path

import pytest
from snakemake.cli import parse_config

from audio.sheet import main, rows_of
from settings.errors import UserError
from settings.merge import as_typed
from settings.model import load
from settings.sheet import Row, locate, read_sheet


def folder_of(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_a_folder_of_folders_becomes_a_row_each_file(tmp_path) -> None:
    names = ["rock/b.wav", "rock/a.mp3", "folk music/c.flac", "folk music/d.au", "rock/e.1.ogg"]
    assert rows_of(folder_of(tmp_path, *names)) == [
        Row("c", "folk music/c.flac", "folk music"),
        Row("d", "folk music/d.au", "folk music"),
        Row("a", "rock/a.mp3", "rock"),
        Row("b", "rock/b.wav", "rock"),
        Row("e.1", "rock/e.1.ogg", "rock"),
    ]


def test_folders_in_a_genre_are_artists_whatever_lies_deeper(tmp_path) -> None:
    names = [
        "rock/Ann/a.wav",
        "rock/Ann/Live/CD 1/b.wav",
        "rock/c.wav",
        "jazz/Various Artists/d.mp3",
    ]
    rows = rows_of(folder_of(tmp_path, *names))
    assert sorted((row.clip, row.genre, row.artist) for row in rows) == [
        ("a", "rock", "Ann"),
        ("b", "rock", "Ann"),
        ("c", "rock", ""),
        ("d", "jazz", "Various Artists"),
    ]


def test_what_is_no_clip_is_passed_over_counted_and_named(tmp_path, caplog) -> None:
    folder = folder_of(
        tmp_path,
        *("rock/a.wav", "rock/b.ape", "rock/Ann/c.APE", "rock/cover.jpg", "rock/wav", "d.wav"),
        *(".Trash-1000/files/e.wav", "rock/.ipynb_checkpoints/f.wav", "@eaDir/rock/g.wav"),
        *("rock/._a.wav", "__MACOSX/rock/._a.wav", "rock/folder.mp3/notes.txt"),
    )
    (folder / "rock/gone.wav").symlink_to("nowhere.wav")
    (folder / "rock/odd.wav").symlink_to("x" * 300)  # To look there is an error.
    (folder / "rock/again").symlink_to(folder / "rock")
    assert [row.path for row in rows_of(folder)] == ["rock/a.wav"]
    assert [record.getMessage() for record in caplog.records] == [
        "passed over: 2 ending in .ape: 'rock/b.ape', ...",
        "passed over: 1 ending in .jpg: 'rock/cover.jpg'",
        "passed over: 1 ending in .txt: 'rock/folder.mp3/notes.txt'",
        "passed over: 5 hidden, or of a system: '.Trash-1000', ...",
        "passed over: 1 in no folder of a genre: 'd.wav'",
        "passed over: 2 no file, or a link to nowhere: 'rock/gone.wav', ...",
        "passed over: 1 without an ending: 'rock/wav'",
    ]


@pytest.mark.parametrize("name", ["000/000002.mp3", "fma_small/123/123456.mp3"])
def test_the_folders_of_fma_are_no_genres(tmp_path, name) -> None:
    with pytest.raises(UserError, match=f"{name} is a track of FMA, whose folders are no genres"):
        rows_of(folder_of(tmp_path, name))


def test_numbers_may_name_genres_and_tracks(tmp_path) -> None:
    names = ["1990/000002.mp3", "000/01.mp3"]
    assert {row.genre for row in rows_of(folder_of(tmp_path, *names))} == {"1990", "000"}


def test_endings_in_capitals_are_audio_too(tmp_path) -> None:
    folder = folder_of(tmp_path, "rock/A.WAV", "rock/b.Mp3")
    rows = rows_of(folder)
    assert [(row.clip, row.path) for row in rows] == [("A", "rock/A.WAV"), ("b", "rock/b.Mp3")]
    assert [locate(folder, row.path) for row in rows] == ["rock/A.WAV", "rock/b.Mp3"]


def test_files_of_one_name_are_told_apart_by_genre(tmp_path) -> None:
    rows = rows_of(folder_of(tmp_path, "rock/1.wav", "jazz/1.wav", "jazz/2.wav"))
    assert [row.clip for row in rows] == ["jazz.1", "2", "rock.1"]
    rows = rows_of(folder_of(tmp_path, "rock/Ann/1.wav", "rock/Ann/Live/1.wav", "rock/2.wav"))
    assert [row.clip for row in rows] == [
        *("jazz.1", "jazz.2", "rock.1", "rock.2", "rock.Ann.1", "rock.Ann.Live.1")
    ]
    rows = rows_of(folder_of(tmp_path / "dots", "rock/a.wav", "jazz/a.wav", "pop/rock.a.wav"))
    assert [row.clip for row in rows] == ["jazz.a", "pop.rock.a", "rock.a"]


@pytest.mark.parametrize(
    ("names", "twice"),
    [
        (["rock/a.wav", "rock/a.mp3", "rock/b.wav"], "rock.a"),
        (["rock/a/b.wav", "rock/a.b.wav", "rock/a/b.mp3", "pop/b.wav"], "rock.a.b"),
    ],
)
def test_two_clips_of_one_name_are_an_error(tmp_path, names, twice) -> None:
    with pytest.raises(UserError, match=f"more than one file of {twice}; remove or rename one"):
        rows_of(folder_of(tmp_path, *names))


@pytest.mark.parametrize("names", [[], ["a.wav"], ["rock/a.txt"]])
def test_a_folder_without_audio_is_an_error(tmp_path, names) -> None:
    with pytest.raises(UserError, match="no audio; it must hold a folder a genre"):
        rows_of(folder_of(tmp_path, *names))


def test_a_name_that_no_sheet_can_hold_is_an_error(tmp_path) -> None:
    latin = os.fsdecode("rock/Café.wav".encode("latin-1"))
    with pytest.raises(UserError, match=r"'rock/Caf\\udce9.wav' is not UTF-8; rename the file"):
        rows_of(folder_of(tmp_path, latin))


@pytest.mark.parametrize(
    "name", ["my music", "a b'; touch x; $(id)", 'a "quoted" $HOME', "R&B {live}"]
)
def test_hostile_folders_are_written_and_the_next_command_holds(
    tmp_path, monkeypatch, capsys, name
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = folder_of(tmp_path / name, f"{name}/{name}.wav", "rock/tab\tnew\nline.wav")
    output = Path("config/datasets/mine.tsv")
    main(folder, output)
    assert read_sheet(output) == rows_of(folder)
    first, _, command = capsys.readouterr().out.splitlines()
    assert first == "config/datasets/mine.tsv: 2 clips of 2 genres."
    words = shlex.split(command)
    assert words[:4] == ["snakemake", "--cores", "8", "results/multiclass_compare.csv"]
    assert words[4:] == ["--config", "dataset=mine", f"audio={folder}"]


@pytest.mark.parametrize(
    ("sheet", "dataset"),
    [
        ("mine", "mine"),
        ("2024_05", "2024_05"),
        ("my music", "my_music"),
        ("[1990]", "1990_"),
        ("ß", "mine"),
    ],
)
def test_the_next_command_names_a_dataset_and_the_sheet_where_it_lies_elsewhere(
    tmp_path, capsys, sheet, dataset
) -> None:
    output = tmp_path / f"{sheet}.tsv"
    main(folder_of(tmp_path / "1e5", "rock/Ann/a.wav"), output)
    first, _, command = capsys.readouterr().out.splitlines()
    assert first == f"{output}: 1 clips of 1 genres and 1 artists."
    words = shlex.split(command)
    words = words[words.index("--config") + 1 :]
    assert words == [f"dataset={dataset}", f"sheet={output}", f"audio={tmp_path / '1e5'}"]
    assert load(as_typed(parse_config(words), words)).dataset == dataset


def test_a_sheet_that_cannot_be_used_is_told_when_it_is_made(tmp_path) -> None:
    with pytest.raises(UserError, match="line 2: a genre cannot be called 'true'"):
        main(folder_of(tmp_path / "audio", "true/a.wav"), tmp_path / "mine.tsv")
    assert [path.name for path in tmp_path.iterdir()] == ["audio"]


def test_a_sheet_that_is_there_stays_as_it_is(tmp_path) -> None:
    sheet = tmp_path / "mine.tsv"
    sheet.write_text("by hand")
    with pytest.raises(UserError, match=r"there is a sheet .* already; move it away"):
        main(folder_of(tmp_path / "audio", "rock/a.wav"), sheet)
    assert sheet.read_text() == "by hand"
