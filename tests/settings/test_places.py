import errno
import os
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from settings import places
from settings.errors import UserError

HOUR = 3600 * 10**9


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_places_are_tried_and_nothing_is_left_there(here: Path) -> None:
    places.check()
    assert list(here.iterdir()) == []
    assert places.without_room() == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "results is full: 9 kB are free there; make room, and run the same"),
        (errno.EDQUOT, "results is full: 9 kB are free there; make room, and run the same"),
        (errno.EROFS, "results cannot be written: Read-only file system; let it be, or run in a"),
        (errno.EACCES, "results cannot be written: Permission denied; let it be, or run in a"),
    ],
)
def test_why_a_place_cannot_be_written_is_told(monkeypatch, number, said) -> None:
    def fails(**_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", fails)
    usage = SimpleNamespace(free=10_000)
    monkeypatch.setattr("settings.places.shutil.disk_usage", lambda _: usage)
    with pytest.raises(UserError, match=f"^{said}"):
        places.check()
    assert places.without_room()[0] == "results is full: 9 kB are free there; make room"


def changed(path: str, ns: int) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).touch()
    os.utime(path, ns=(ns, ns))


def test_files_of_the_future_keep_their_order_behind_all_others(here: Path) -> None:
    now = time.time_ns()
    changed("results/a/past", now - HOUR)
    for name, ahead in [("c", 3), ("b", 1), ("d", 3), ("e", 5)]:
        changed(f"results/{name}/{name}", now + ahead * HOUR)
    changed("elsewhere/f", now + HOUR)
    assert places.pull_back([Path("results"), Path("missing")]) == 4
    at = {path.name: path.stat().st_mtime_ns for path in here.rglob("*") if path.is_file()}
    assert at["past"] == now - HOUR and at["f"] == now + HOUR
    assert now - HOUR < at["b"] < at["c"] == at["d"] < at["e"] <= time.time_ns()
    assert places.pull_back([Path("results")]) == 0


def test_clocks_of_a_network_may_differ_a_little() -> None:
    soon = time.time_ns() + 5 * 10**9
    changed("results/a", soon)
    assert places.pull_back([Path("results")]) == 0
    assert Path("results/a").stat().st_mtime_ns == soon


def test_a_link_to_elsewhere_is_pulled_back_by_itself(here: Path) -> None:
    ahead = time.time_ns() + HOUR
    changed("elsewhere", ahead)
    changed("results/a", ahead)
    Path("results/link").symlink_to(here / "elsewhere")
    assert places.pull_back([Path("results")]) == 1
    assert Path("elsewhere").stat().st_mtime_ns == ahead
