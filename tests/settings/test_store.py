import logging
import multiprocessing
import os
import sys
from pathlib import Path

import pytest

from settings.code import libraries
from settings.errors import UserError
from settings.store import fetch, installed, keep, key, stored

STEP = '''"""A step."""

import outside


def main(samples, output):
    """Write what outside makes of the samples."""
    output.write_text(outside.make(samples.read_text()))
'''


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one step, whose library is installed and needs another."""
    folder = tmp_path / "checkout/workflow/scripts"
    (folder / "room").mkdir(parents=True)
    (folder / "room/step.py").write_text(STEP)
    (tmp_path / "checkout/requirements.lock").write_text("outside==1.0\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    install(tmp_path, "outside", "1.0", "Far-Away >=2", "never; extra == 'more'")
    install(tmp_path, "far_away", "2.0")
    return folder


def install(tmp_path: Path, name: str, version: str, *needed: str) -> None:
    """Metadata of a package as pip leaves them."""
    for old in tmp_path.glob(f"site/{name}-*"):
        (old / "METADATA").unlink()
        old.rmdir()
    folder = tmp_path / f"site/{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    lines = [f"Requires-Dist: {each}\n" for each in needed]
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{''.join(lines)}"
    )


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    path = tmp_path / "mine/samples"
    path.parent.mkdir()
    path.write_text("one")
    return path


def test_a_key_knows_installed_versions_of_all_that_is_needed(scripts: Path) -> None:
    assert installed(libraries("room.step", scripts)) == {"outside": "1.0", "far-away": "2.0"}
    assert installed({"not-there": "1"}) == {"not-there": "not installed"}


def test_a_library_that_is_not_locked_is_named(scripts: Path) -> None:
    step = scripts / "room/step.py"
    step.write_text(step.read_text() + "import skimage.feature\n")
    with pytest.raises(UserError, match=r"room\.step imports skimage, of which requirements\.lock"):
        libraries("room.step", scripts)


@pytest.mark.parametrize(
    ("package", "version"), [("outside", "1.1"), ("far_away", "2.0.post1"), ("far_away", "2.0+cpu")]
)
def test_another_version_of_a_library_is_another_key(
    scripts: Path, samples: Path, tmp_path: Path, package: str, version: str
) -> None:
    before = key("room.step", {"samples": samples}, scripts)
    install(tmp_path, package, version, *(["far-away"] if package == "outside" else []))
    assert key("room.step", {"samples": samples}, scripts) != before


def test_an_edited_step_is_another_key_and_an_edited_comment_is_not(
    scripts: Path, samples: Path
) -> None:
    before = key("room.step", {"samples": samples}, scripts)
    step = scripts / "room/step.py"
    step.write_text(STEP.replace("\n\ndef", "\n# A comment.\ndef"))
    assert key("room.step", {"samples": samples}, scripts) == before
    step.write_text(STEP.replace("outside.make(", "outside.make(2 * "))
    assert key("room.step", {"samples": samples}, scripts) != before


def test_what_files_hold_counts_and_not_where_they_lie(scripts: Path, samples: Path) -> None:
    options = {"samples": samples, "cut": "30s", "profile": "kaggle"}
    before = key("room.step", options, scripts)
    elsewhere = samples.with_name("of another dataset")
    elsewhere.write_text("one")
    assert key("room.step", {**options, "samples": elsewhere}, scripts) == before
    assert key("room.step", {**options, "cut": "3s"}, scripts) != before
    assert key("room.step", {**options, "profile": "librosa"}, scripts) != before
    elsewhere.write_text("two")
    assert key("room.step", {**options, "samples": elsewhere}, scripts) != before


def test_what_was_computed_is_not_computed_again(samples: Path, tmp_path: Path) -> None:
    computed = []

    def main(samples: Path, output: Path) -> None:
        computed.append(samples)
        output.write_text(f"made of {samples.read_text()}")

    store = tmp_path / "store"
    store.mkdir()
    step = stored(store, "features.compare", main)
    for name in ("first", "second"):
        step(samples=samples, output=tmp_path / name)
        assert (tmp_path / name).read_text() == "made of one"
    assert computed == [samples]
    samples.write_text("two")
    step(samples=samples, output=tmp_path / "first")
    assert (tmp_path / "first").read_text() == "made of two"
    assert (tmp_path / "second").read_text() == "made of one"
    assert len(list(store.iterdir())) == 2


@pytest.mark.parametrize("length", [0, 1, 31, 32, 40, 99])
def test_half_an_entry_is_computed_anew(length: int, tmp_path: Path, caplog) -> None:
    output, entry = tmp_path / "output", tmp_path / "entry"
    output.write_bytes(bytes(range(68)))
    keep(output, entry)
    output.unlink()
    entry.write_bytes(entry.read_bytes()[:length])
    assert not fetch(entry, output)
    assert not output.exists() and "is damaged" in caplog.text


def test_a_changed_entry_is_computed_anew(tmp_path: Path) -> None:
    output, entry = tmp_path / "output", tmp_path / "entry"
    output.write_bytes(b"features")
    keep(output, entry)
    entry.write_bytes(entry.read_bytes().replace(b"features", b"futures!"))
    assert not fetch(entry, tmp_path / "other")


def test_where_nothing_can_be_kept_or_read_the_step_goes_on(tmp_path: Path, caplog) -> None:
    output = tmp_path / "output"
    output.write_bytes(b"features")
    keep(output, tmp_path / "no folder" / "entry")
    assert "not kept in" in caplog.text
    assert not fetch(tmp_path / "no folder" / "entry", output)
    assert not fetch(tmp_path, output)  # A folder of that name.
    assert "cannot be read" in caplog.text
    assert output.read_bytes() == b"features"
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


def race(folder: Path, number: int, rounds: int) -> None:
    """Keep the same entry over and over, and read it meanwhile."""
    logging.disable()
    output, found = folder / f"output {number}", folder / f"found {number}"
    output.write_bytes(b"features" * 100_000)
    for _ in range(rounds):
        keep(output, folder / "store/entry")
        if not fetch(folder / "store/entry", found) or found.read_bytes() != output.read_bytes():
            os._exit(1)


def test_racing_processes_find_an_entry_whole_also_where_one_is_killed(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    context = multiprocessing.get_context("fork")
    rounds = enumerate([sys.maxsize, 20, 80, 80])
    racing = [context.Process(target=race, args=(tmp_path, *each)) for each in rounds]
    for process in racing:
        process.start()
    racing[1].join()
    racing[0].kill()
    for process in racing:
        process.join()
    assert [process.exitcode for process in racing] == [-9, 0, 0, 0]
    assert fetch(tmp_path / "store/entry", tmp_path / "found")
    assert (tmp_path / "found").read_bytes() == b"features" * 100_000
