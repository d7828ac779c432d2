import os
from pathlib import Path

import pytest

from genregraph.common.errors import UserError
from genregraph.predict.listing import listed, shards_of


def made(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_files_are_taken_by_name_and_folders_for_their_audio(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    made(
        tmp_path, "new/b.mp3", "new/deep/a.WAV", "new/.hid/c.wav", "new/d.jpg", "odd.name", "e.ogg"
    )
    found = listed(["new", "odd.name", "new/b.mp3", "./e.ogg"])
    assert found.files == ["e.ogg", "new/b.mp3", "new/deep/a.WAV", "odd.name"]
    assert found.passed_over == [
        "1 with extension .jpg: 'new/d.jpg'",
        "1 hidden, or of a system: 'new/.hid'",
    ]


def test_a_name_that_is_not_utf8_is_listed_and_the_others_are_taken(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    made(tmp_path, "new/a.mp3", os.fsdecode("new/Café.mp3".encode("latin-1")))
    found = listed(["new"])
    assert (found.files, found.unnameable) == (["new/a.mp3"], [r"new/Caf\udce9.mp3"])


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("gone.mp3", "no file or folder 'gone.mp3'"),
        ("empty", "no audio in empty"),
        ("latin", r"Caf\\\\udce9.mp3' is not UTF-8"),
    ],
)
def test_what_leaves_nothing_is_an_error(tmp_path, monkeypatch, named, said) -> None:
    monkeypatch.chdir(tmp_path)
    made(tmp_path, "empty/a.txt", os.fsdecode("latin/Café.mp3".encode("latin-1")))
    with pytest.raises(UserError, match=said):
        listed([named])


def test_a_file_more_moves_no_other_to_another_shard_until_they_double() -> None:
    files = [f"{number}.mp3" for number in range(100)]
    before, after = shards_of(files), shards_of([*files, "one more.mp3"])
    assert len(before) == 8
    changed = [shard for shard in after if before.get(shard) != after[shard]]
    assert len(changed) == 1
    assert sorted(file for part in before.values() for file in part) == sorted(files)


def test_what_none_may_look_at_is_no_file(tmp_path) -> None:
    with pytest.raises(UserError, match="no file or folder"):
        listed([str(tmp_path / ("x" * 300))])


def test_what_was_meant_for_config_is_an_error_that_says_so() -> None:
    with pytest.raises(UserError, match="needs a --config of its own"):
        listed(["audio=/music"])
