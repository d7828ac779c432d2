import os
import shlex
from pathlib import Path

import pytest

from audio.sheet import main, rows_of
from settings.errors import UserError
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


def test_what_is_no_audio_is_passed_over(tmp_path) -> None:
    names = ["rock/a.wav", "rock/a.txt", "rock/.b.wav", "c.wav", "rock/deep/d.wav", "rock/wav"]
    assert [row.clip for row in rows_of(folder_of(tmp_path, *names))] == ["a"]


def test_endings_in_capitals_are_audio_too(tmp_path) -> None:
    folder = folder_of(tmp_path, "rock/A.WAV", "rock/b.Mp3")
    rows = rows_of(folder)
    assert [(row.clip, row.path) for row in rows] == [("A", "rock/A.WAV"), ("b", "rock/b.Mp3")]
    assert [locate(folder, row.path) for row in rows] == ["rock/A.WAV", "rock/b.Mp3"]


def test_files_of_one_name_are_told_apart_by_genre(tmp_path) -> None:
    rows = rows_of(folder_of(tmp_path, "rock/1.wav", "jazz/1.wav", "jazz/2.wav"))
    assert [row.clip for row in rows] == ["jazz.1", "2", "rock.1"]


@pytest.mark.parametrize(
    ("names", "twice"),
    [
        (["rock/a.wav", "rock/a.mp3", "rock/b.wav"], "rock.a"),
        (["rock/a.wav", "jazz/a.wav", "pop/rock.a.wav"], "rock.a"),
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


@pytest.mark.parametrize("name", ["my music", "a b'; touch x; $(id)", 'a "quoted" $HOME'])
def test_hostile_folders_are_written_and_the_next_command_holds(
    tmp_path, monkeypatch, capsys, name
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = folder_of(tmp_path / name, f"{name}/{name}.wav", "rock/tab\tnew\nline.wav")
    output = Path("config/datasets/mine.tsv")
    output.parent.mkdir(parents=True)
    main(folder, output)
    assert read_sheet(output) == rows_of(folder)
    first, command = capsys.readouterr().out.splitlines()
    assert first == "config/datasets/mine.tsv: 2 clips of 2 genres. Next:"
    words = shlex.split(command)
    assert words[:4] == ["snakemake", "--cores", "8", "results/multiclass_compare.csv"]
    assert words[4:] == ["--config", "dataset=mine", f"audio={folder}"]


def test_a_sheet_elsewhere_is_named_in_the_next_command(tmp_path, capsys) -> None:
    output = tmp_path / "mine.tsv"
    main(folder_of(tmp_path / "audio", "rock/a.wav"), output)
    words = shlex.split(capsys.readouterr().out.splitlines()[1])
    config = load(dict(word.split("=", 1) for word in words[words.index("--config") + 1 :]))
    assert (config.dataset, config.sheet) == ("mine", str(output))
    assert config.audio == str(tmp_path / "audio")
