"""Runs that are killed or meet full disks, and runs elsewhere: the bytes of an undisturbed one.

GENREGRAPH_TORTURE_KILLS says how often runs are killed. Who may not mount a disk skips full ones.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from tests.workflow.conftest import TARGET, Project, finished, forked_steps, fresh, once, unrun

__all__ = ["finished", "forked_steps", "fresh", "once", "unrun"]  # Fixtures.

KILLS = int(os.environ.get("GENREGRAPH_TORTURE_KILLS", 50))
LATEST = 12.0  # Seconds after its start at which a run is killed; the first ones plan for some.
MB = 2**20
MADE = [f"results/mine/**/*.{extension}" for extension in ("parquet", "npz", "pt")]
# All but what is made of a shard.
FIRST = ["30s/*.parquet", "30s/*.csv", "30s/features/*.parquet"]
LATER = "**/*.parquet **/*.npz **/*.pt **/leaks.csv **/graph-health.csv".split()
LATER += [f"*/{name}.csv" for name in "accuracies comparisons calibration reliability".split()]
OF_ALL = [f"results/mine/{name}" for name in (*FIRST, *(f"experiments/{each}" for each in LATER))]
OF_SHARDS = ["results/mine/audio/**/*.parquet", "results/mine/30s/features/*/*.parquet"]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

pytestmark = pytest.mark.torture


def run(project: Project, fails: bool = False, cores: int = 2) -> str:
    return project.snakemake("--cores", f"{cores}", TARGET, fails=fails)


def differing(project: Project, finished: Project, *patterns: str) -> list[str]:
    """Files that are not, to the last byte, those of the project that was run on two cores."""
    made, whole = project.bytes_of(*patterns), finished.bytes_of(*patterns)
    assert len(whole) > 15
    return sorted(name for name in made | whole if made.get(name) != whole.get(name))


# Other cores, shards, orders and places


@pytest.mark.parametrize("cores", [1, 4])
def test_cores(fresh: Project, finished: Project, cores: int) -> None:
    run(fresh, cores=cores)
    assert differing(fresh, finished, *OF_ALL, *OF_SHARDS) == []


@pytest.mark.parametrize("shards", [1, 7])
def test_shards(fresh: Project, finished: Project, shards: int) -> None:
    fresh.edit("small.yaml", "shards: 3", f"shards: {shards}")
    run(fresh)
    assert differing(fresh, finished, *OF_ALL) == []
    assert len(list(fresh.folder.glob("results/mine/audio/*/samples.parquet"))) == shards


def test_a_shuffled_sheet(fresh: Project, finished: Project) -> None:
    sheet = fresh.folder / "config/datasets/mine.tsv"
    head, *rows = sheet.read_text(encoding="utf-8").splitlines()
    random.Random(0).shuffle(rows)
    sheet.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    run(fresh)
    assert differing(fresh, finished, *OF_ALL, *OF_SHARDS) == []


@pytest.mark.parametrize(
    "more",
    [
        {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "2", **ASCII},
        {"TZ": "America/St_Johns", "PYTHONHASHSEED": "4294967295", "LC_ALL": "tr_TR.UTF-8"},
        {"TZ": "Etc/GMT+12", "PYTHONHASHSEED": "0", "LC_ALL": "de_DE.UTF-8"},
    ],
    ids=lambda more: more["LC_ALL"],
)
def test_surroundings(unrun: Project, finished: Project, tmp_path: Path, more, monkeypatch) -> None:
    """All at once, of steps that are started as users start them: Python reads much then."""
    locale = more["LC_ALL"]
    if locale != "C":
        language, encoding = locale.split(".")
        make = ["localedef", "-i", language, "-f", encoding, tmp_path / locale]
        if not shutil.which("localedef") or subprocess.run(make).returncode:
            pytest.skip(f"no locale {locale} can be made here")
    home, place = tmp_path / "another home", tmp_path / "another tmp"
    home.mkdir()
    place.mkdir()
    places = {"HOME": str(home), "TMPDIR": str(place), "LOCPATH": str(tmp_path)}
    for name, value in (places | more).items():
        monkeypatch.setenv(name, value)
    project = unrun.copy(tmp_path / "another place")
    project.snakemake("--cores", "2", TARGET, forked=False)
    assert differing(project, finished, *OF_ALL, *OF_SHARDS) == []


# Kills


def kill_something(run: subprocess.Popen, rng: random.Random) -> str:
    """Kill a step that is under way, Snakemake alone, or the run with all it started; says which.

    Steps that outlive Snakemake go on beside those of the next run.
    """
    what, chance = "the run", rng.random()
    with suppress(psutil.NoSuchProcess):
        below = psutil.Process(run.pid).children(recursive=True)
        steps = [each for each in below if "scripts/genregraph" in " ".join(each.cmdline())]
        if steps and chance < 0.4:
            rng.choice(steps).kill()
            what = "a step"
        elif steps and chance < 0.7:
            run.kill()
            what = "Snakemake alone"
    if what == "the run":
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    return what


def test_kills_at_random_moments_leave_nothing_half(unrun, finished, tmp_path) -> None:
    rng, rounds = random.Random(0), 0
    killed: Counter[str] = Counter()
    while killed.total() < KILLS:
        project, done = unrun.copy(tmp_path / f"{rounds}"), None
        rounds += 1
        while done != 0 and killed.total() < KILLS:
            started = project.start("--cores", "2", TARGET)
            try:
                done = started.wait(rng.uniform(0.5, LATEST))
            except subprocess.TimeoutExpired:
                killed[kill_something(started, rng)] += 1
                project.snakemake("--unlock")
        run(project)
        assert project.planned() == {}
        assert differing(project, finished, *MADE, "results/mine/**/*.json") == []
    print(f"\nkilled: {dict(killed)}, over {rounds} whole runs; all as undisturbed")


# Full and read-only disks, two runs in one folder


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
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *map(str, options), folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no disk may be mounted here: {done.stderr}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk(half: Project, finished: Project, tmp_path: Path) -> None:
    disk, failures = tmp_path / "disk", 0
    with mounted(disk, "-t", "tmpfs", "-o", "size=1g", "none"):
        project = half.copy(disk / "project")
        for free in (0, MB // 4, *(MB + MB // 4 * i for i in range(1, 20))):
            size = shutil.disk_usage(disk).used + free
            subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)
            command = project.command("--cores", "2", TARGET)
            done = subprocess.run(command, **project.place(), capture_output=True, text=True)
            if done.returncode == 0:
                break
            failures += 1
            assert "No space left on device" in done.stdout + done.stderr
            assert not list(project.folder.glob("results/**/.part-*"))
        assert failures > 3
        assert project.planned() == {}
        assert differing(project, finished, *MADE) == []
    print(f"\n{failures} runs on a full disk; the bytes of an undisturbed one after that")


@pytest.mark.parametrize("place", [".", "results"])
def test_a_disk_that_is_read_only(half: Project, place: str) -> None:
    folder = half.folder / place
    with mounted(folder, "--bind", folder):
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        assert "Read-only file system" in run(half, fails=True)


def test_a_full_place_for_temporary_files(half, finished, tmp_path: Path, monkeypatch) -> None:
    place = tmp_path / "tmp"
    with mounted(place, "-t", "tmpfs", "-o", "size=4k", "none"):
        (place / "full").write_bytes(bytes(4096))
        monkeypatch.setenv("TMPDIR", str(place))
        run(half)
        assert [path.name for path in place.iterdir()] == ["full"]
    assert differing(half, finished, *MADE) == []


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
    assert differing(half, finished, *MADE) == []
