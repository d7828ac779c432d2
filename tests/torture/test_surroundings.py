"""Full and read-only disks, two runs in one folder: it is said, and nothing is lost.

Each run after it gives the bytes of an undisturbed one. Who may not mount a disk skips these.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.workflow.conftest import TARGET, Project, finished, forked_steps, unrun

__all__ = ["finished", "forked_steps", "unrun"]  # Fixtures.

MADE = [f"results/mine/**/*.{extension}" for extension in ("parquet", "npz", "pt")]
MB = 2**20

pytestmark = pytest.mark.torture


@pytest.fixture
def half(finished: Project, tmp_path: Path) -> Project:
    """The finished project less its experiment."""
    project = finished.copy(tmp_path / "project")
    shutil.rmtree(project.folder / "results/mine/experiments")
    for path in project.folder.glob("results/**/multiclass_compare.*"):
        path.unlink()
    return project


@contextmanager
def mounted(folder: Path, *options: object) -> Iterator[None]:
    """Something mounted at a folder."""
    done = subprocess.run(
        ["mount", *map(str, options), folder], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no disk may be mounted here: {done.stderr}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def resized(folder: Path, package: int) -> None:
    """Let a mounted tmpfs have so many bytes free."""
    size = shutil.disk_usage(folder).used + package
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


def run(project: Project, fails: bool = False) -> str:
    return project.snakemake("--cores", "2", TARGET, fails=fails)


def undisturbed(project: Project, finished: Project) -> None:
    """Hold what a project has made, down to the last byte, to the finished one."""
    assert project.planned() == {}
    made, whole = project.bytes_of(*MADE), finished.bytes_of(*MADE)
    assert made.keys() == whole.keys()
    assert [name for name in made if made[name] != whole[name]] == []


def test_a_full_disk(half: Project, finished: Project, tmp_path: Path, capsys) -> None:
    (tmp_path / "disk").mkdir()
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=1g", "none"):
        project = half.copy(tmp_path / "disk/project")
        failures = 0
        for package in (0, MB // 4, *(MB + MB // 4 * i for i in range(1, 20))):
            resized(tmp_path / "disk", package)
            done = subprocess.run(
                project.command("--cores", "2", TARGET),
                cwd=project.folder,
                env=project.environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            if done.returncode == 0:
                break
            failures += 1
            # PyTorch names no disk where it cannot write all of a file.
            said = ("No space left on device", "RuntimeError: [enforce fail at inline_container")
            assert any(text in done.stdout for text in said), done.stdout
            assert not list(project.folder.glob("results/**/.part-*"))
        assert failures > 3
        undisturbed(project, finished)
    with capsys.disabled():
        print(f"\n{failures} runs on a full disk; the bytes of an undisturbed one after that")


@pytest.mark.parametrize("place", [".", "results"])
def test_a_disk_that_is_read_only(half: Project, place: str) -> None:
    folder = half.folder / place
    with mounted(folder, "--bind", folder):
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        assert "Read-only file system" in run(half, fails=True)


def test_a_full_place_for_temporary_files(
    half: Project, finished: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    with mounted(tmp_path / "tmp", "-t", "tmpfs", "-o", "size=4k", "none"):
        (tmp_path / "tmp/full").write_bytes(bytes(4096))
        monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
        run(half)
        assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["full"]
    undisturbed(half, finished)


def test_a_second_run_in_the_same_folder(half: Project, finished: Project) -> None:
    first = half.start("--cores", "2", TARGET)
    while not list(half.folder.glob(".snakemake/locks/*")):
        assert first.poll() is None
        time.sleep(0.05)
    last = " ".join(" ".join(run(half, fails=True).splitlines()[-6:]).split())
    assert first.poll() is None
    assert "Directory cannot be locked." in last and str(half.folder) in last
    assert "It can be removed with the --unlock argument" in last
    assert first.wait() == 0
    undisturbed(half, finished)
