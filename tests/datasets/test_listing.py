import os
from pathlib import Path

import pytest

from genregraph.common.errors import UserError
from genregraph.datasets.listing import audio_files, counted, listed, shards_of


def made(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_audio_is_listed_at_any_depth_and_other_files_are_counted_by_reason(tmp_path) -> None:
    audio = ["c.Mp3", "folk music/d.1.ogg", "rock/A.WAV", "rock/Ann/Live/CD 1/b.flac"]
    others = ["rock/b.ape", "rock/Ann/c.APE", "rock/cover.jpg", "rock/wav", "rock/._a.wav"]
    others += [".Trash-1000/files/e.wav", "rock/.ipynb_checkpoints/f.wav", "@eaDir/rock/g.wav"]
    made(tmp_path, *audio, *others, "__MACOSX/rock/._a.wav", "rock/folder.mp3/notes.txt")
    (tmp_path / "rock/gone.wav").symlink_to("nowhere.wav")
    (tmp_path / "rock/odd.wav").symlink_to("x" * 300)  # To look there is an error.
    (tmp_path / "rock/again").symlink_to(tmp_path / "rock")
    files, passed_over = audio_files(tmp_path)
    assert [str(file) for file in files] == audio
    assert counted(passed_over) == [
        "5 hidden, or of a system: '.Trash-1000', ...",
        "2 no file, or a link to nowhere: 'rock/gone.wav', ...",
        "1 with extension (none): 'rock/wav'",
        "2 with extension .ape: 'rock/b.ape', ...",
        "1 with extension .jpg: 'rock/cover.jpg'",
        "1 with extension .txt: 'rock/folder.mp3/notes.txt'",
    ]


def test_listing_of_files_by_name_and_folders_for_their_audio(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    latin = os.fsdecode("new/Café.mp3".encode("latin-1"))
    made(tmp_path, "new/b.mp3", "new/deep/a.WAV", "new/.hid/c.wav", latin, "odd.name", "e.ogg")
    assert listed(["new", "odd.name", "new/b.mp3", "./e.ogg"]) == (
        ["e.ogg", "new/b.mp3", "new/deep/a.WAV", "odd.name"],
        [r"new/Caf\udce9.mp3"],
        ["1 hidden, or of a system: 'new/.hid'"],
    )


def test_of_many_names_that_are_not_utf8_a_hundred_are_listed(tmp_path) -> None:
    """The list goes to a step by its command, whose length has a limit."""
    made(tmp_path, "a.mp3", *(os.fsdecode(f"é{i}.mp3".encode("latin-1")) for i in range(1500)))
    unnameable = listed([str(tmp_path)]).unnameable
    assert (len(unnameable), unnameable[-1]) == (101, "and 1,400 other files")


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("gone.mp3", "no file or folder 'gone.mp3'"),
        ("x" * 300, "no file or folder"),
        ("audio=/music", "needs a --config of its own"),
        ("empty", "no audio in empty"),
        ("latin", r"Caf\\\\udce9.mp3' is not UTF-8"),
    ],
)
def test_listing_of_no_file_is_an_error(tmp_path, monkeypatch, named, message) -> None:
    monkeypatch.chdir(tmp_path)
    made(tmp_path, "empty/a.txt", os.fsdecode("latin/Café.mp3".encode("latin-1")))
    with pytest.raises(UserError, match=message):
        listed([named])


def test_shards_stay_when_a_file_is_added() -> None:
    files = [f"{number}.mp3" for number in range(100)]
    before, after = shards_of(files), shards_of([*files, "one more.mp3"])
    assert len(before) == 8
    assert sum(before.get(shard) != files for shard, files in after.items()) == 1
    assert sorted(file for part in before.values() for file in part) == sorted(files)
