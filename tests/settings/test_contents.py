import os

import pytest

from settings.contents import digest, digest_if_new, look, md5, read_known, write_known


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "audio"
    folder.mkdir()
    for name in "abc":
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def read(tmp_path, folder):
    """What a job read of the folder."""
    path = tmp_path / "read.json"
    write_known(look(folder, "abc", {}), path)
    return path


def test_nothing_is_new_before_a_job_has_read_anything(tmp_path, folder) -> None:
    assert digest_if_new(folder, "abc", tmp_path / "read.json") is None
    assert not (tmp_path / "read.json").exists()


def test_what_was_read_is_not_new_whatever_its_time(folder, read) -> None:
    assert digest_if_new(folder, "abc", read) is None
    for time in (10**9, 2 * 10**9):
        os.utime(folder / "b", (time, time))
        assert digest_if_new(folder, "abc", read) is None
        assert read_known(read)["b"] == (1, time * 10**9, md5(folder / "b"))


def test_another_content_is_new_whatever_its_time(folder, read) -> None:
    found = {digest_if_new(folder, "abc", read)}
    for text, time in [("B", 10**9), ("B", 2 * 10**9), ("bb", 10**9)]:
        (folder / "b").write_text(text)
        os.utime(folder / "b", (time, time))
        found.add(digest_if_new(folder, "abc", read))
    assert len(found) == 3
    (folder / "b").write_text("b")
    assert digest_if_new(folder, "abc", read) is None


def test_a_file_more_or_less_is_new(folder, read) -> None:
    assert digest_if_new(folder, "ab", read)
    (folder / "c").unlink()
    assert digest_if_new(folder, "abc", read) == digest_if_new(folder, "ab", read)
    (folder / "d").touch()
    assert digest_if_new(folder, "abd", read)


def test_known_files_are_not_read(folder, read) -> None:
    os.utime(folder / "a", (10**9, 10**9))
    assert digest_if_new(folder, "abc", read) is None
    (folder / "a").write_text("A")  # Of the same size, and by intent of the same time.
    os.utime(folder / "a", (10**9, 10**9))
    assert digest_if_new(folder, "abc", read) is None


def test_what_could_not_be_read_is_tried_again(folder, read) -> None:
    known = read_known(read)
    write_known({**known, "a": (*known["a"][:2], "")}, read)
    assert digest_if_new(folder, "abc", read)


def test_a_digest_is_that_of_the_contents(tmp_path, folder) -> None:
    cache = tmp_path / "cache.json"
    first = digest(folder, ["a", "b"], cache)
    os.utime(folder / "a", (10**9, 10**9))
    for known in (cache, tmp_path / "new.json"):
        assert digest(folder, ["a", "b"], known) == first
    (folder / "a").write_text("A")
    os.utime(folder / "a", (10**8, 10**8))
    assert digest(folder, ["a", "b"], cache) != first
