"""The workflow itself, run on a small dataset of good and hostile clips."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from filelock import FileLock
from tests.workflow import forked

from genregraph.cli.init import music_in
from genregraph.datasets.sheet import write_sheet
from genregraph.evaluation.evaluate import COLUMNS

ROOT = Path(__file__).resolve().parents[2]
PARTS = [
    *("Snakefile", "rules", "workflow", "config", "envs", "profiles", "genregraph"),
    *("requirements.in", "requirements.lock", "LICENSE", "CITATION.cff", "README.md"),
    *("Makefile", "pyproject.toml"),
]
TARGET = "results/multiclass_compare.csv"
HOSTILE_NAME = "a b'; touch x; $(id)"
# Names in which Snakemake sees wildcards, one of them known.
BRACED = ["R&B {live}/a{b}", "{dataset}"]
RATE = 22_050
FORKED = "GENREGRAPH_TEST_FORKED"  # Folder of what stands for python.

# The main experiment, made small.
SMALL = """
dataset: mine
audio: audio
datasets:
  mine: {shards: 3}
experiments:
  multiclass_compare:
    protocols: [paper]
    models: []
    folds: {n: 2}
    graph: {metric: euclidean, k: 5}
    graphsage: {hidden: 8, epochs: 5}
"""


@dataclass(frozen=True)
class Project:
    """A copy of the workflow's files, in which Snakemake can be run."""

    folder: Path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--configfile", "small.yaml", *arguments]

    def place(self, forked: bool = True) -> dict[str, Any]:
        """Folder and variables of a command, whose steps may be forked: `tests.workflow.forked`."""
        folders = [os.environ[FORKED]] if forked and FORKED in os.environ else []
        path = ":".join([*folders, str(Path(sys.executable).parent), os.environ["PATH"]])
        scripts = str(self.folder / "workflow/scripts")
        return {"cwd": self.folder, "env": {**os.environ, "PATH": path, "PYTHONPATH": scripts}}

    def run(self, *command: str, fails: bool = False, forked: bool = True) -> str:
        """All that a command prints."""
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        done = subprocess.run(command, **self.place(forked), **output, check=False)
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout

    def snakemake(self, *arguments: str, fails: bool = False, forked: bool = True) -> str:
        """All that Snakemake prints."""
        command = self.command(*arguments)
        if forked and FORKED in os.environ:
            command[0] = f"{os.environ[FORKED]}/python"
        return self.run(*command, fails=fails, forked=forked)

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start Snakemake, silent and in a session of its own, to be killed or waited for."""
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(
            self.command(*arguments), **self.place(), **silent, start_new_session=True
        )

    def planned(self, *arguments: str, target: str = TARGET) -> dict[str, int]:
        """Jobs that Snakemake would run for a target, by rule, but that of records."""
        printed = self.snakemake("--dry-run", target, *arguments)
        table = re.search(r"^job +count\n[- ]+\n(.*?)^total", printed, re.MULTILINE | re.DOTALL)
        if table is None:
            assert "Nothing to be done" in printed, printed
            return {}
        counts = dict(map(str.split, table[1].splitlines()))
        return {name: int(count) for name, count in counts.items() if name != "records"}

    def copy(self, folder: Path) -> "Project":
        """Copy with all results and modification times."""
        return Project(shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True))

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def bytes_of(self, *patterns: str) -> dict[str, bytes]:
        """Contents of the files that match."""
        found = [path for pattern in patterns for path in self.folder.glob(pattern)]
        files = [path for path in found if path.is_file()]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}


def result(project: Project, experiment: str) -> pd.DataFrame:
    """The table of an experiment, which has no empty cell."""
    table = pd.read_csv(project.folder / f"results/{experiment}.csv")
    assert table.columns.tolist() == COLUMNS
    assert table.notna().all(axis=None)
    assert table[["train_accuracy", "test_accuracy"]].stack().between(0, 1).all()
    return table


def copy_parts(folder: Path) -> None:
    """Copy the workflow's own files."""
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, folder / part)


def is_image(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG")


def tune(genre: int, clip: int, seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    """A few seconds of notes that differ by genre and clip, shape (n,)."""
    rng = np.random.default_rng([genre, clip])
    time = np.arange(int(seconds * rate)) / rate
    notes = 110 * 2 ** (rng.integers(0, 12, size=8) / 12 + genre / 2)
    pitch = notes[(time * 8 / seconds).astype(int).clip(max=7)]
    plucked = np.exp(-6 * (time % (seconds / 8)))
    wave = sum(np.sin(2 * np.pi * h * pitch * time) / h**genre for h in (1, 2, 3))
    return (0.3 * plucked * wave / 3 + 0.001 * rng.standard_normal(time.size)).astype(np.float32)


def write_clips(folder: Path) -> None:
    """Three genres of five good clips, and hostile ones among the third."""
    for genre, name in enumerate(["blues", "jazz", "odd"]):
        (folder / name).mkdir(parents=True)
        for clip in range(5):
            soundfile.write(folder / name / f"{name}.{clip}.wav", tune(genre, clip), RATE)
    odd = folder / "odd"
    (odd / "text.wav").write_text("these are words\n" * 100)
    (odd / "raw.wav").write_bytes((tune(2, 10) * 32767).astype("<i2").tobytes())
    (odd / "empty.wav").touch()
    soundfile.write(odd / "blink.wav", tune(2, 11, seconds=0.01), RATE)
    soundfile.write(odd / "silence.wav", np.zeros(30 * RATE), RATE)
    broken = tune(2, 12)
    broken[1000] = np.nan
    soundfile.write(odd / "nan.wav", broken, RATE, subtype="FLOAT")
    stereo = np.stack([tune(2, 13, rate=44_100), tune(2, 14, rate=44_100)], axis=1)
    soundfile.write(odd / "stereo.mp3", stereo, 44_100, format="MP3")
    soundfile.write(odd / f"{HOSTILE_NAME}.wav", tune(2, 15), RATE)
    for clip, name in enumerate(BRACED, start=16):
        (odd / name).parent.mkdir(exist_ok=True)
        soundfile.write(odd / f"{name}.wav", tune(2, clip), RATE)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[..., Project]:
    """What fills a folder, once for all workers."""
    base = tmp_path_factory.getbasetemp()

    def project(name: str, fill: Callable[[Path], object]) -> Project:
        folder = (base if worker_id == "master" else base.parent) / name
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                made = tmp_path_factory.mktemp(name)
                fill(made)
                made.rename(folder)
        return Project(folder)

    return project


@pytest.fixture(scope="session", autouse=True)
def forked_steps(once, worker_id: str) -> Iterator[None]:
    """Steps of this folder's tests are forked, where Linux is: hundreds of jobs import nothing."""
    if sys.platform != "linux":
        yield
        return
    user = str(os.getpid() if worker_id == "master" else os.getppid())
    command = [sys.executable, forked.__file__]
    served = once("forked", lambda folder: subprocess.run([*command, folder, user], check=True))
    os.environ[FORKED] = str(served.folder)
    yield
    del os.environ[FORKED]


@pytest.fixture(scope="session")
def unrun(once) -> Project:
    """The project with the small dataset, before any run.

    A WAV file of floats holds the second at which it was written: clips that each worker wrote
    for itself would not be the same bytes.
    """

    def fill(folder: Path) -> None:
        copy_parts(folder)
        (folder / "small.yaml").write_text(SMALL)
        write_clips(folder / "audio")
        write_sheet(music_in(folder / "audio")[0], folder / "config/datasets/mine.tsv")

    return once("unrun", fill)


@pytest.fixture(scope="session")
def finished(unrun: Project, once) -> Project:
    """The project after a run on two cores, not to be changed."""
    return once("finished", lambda folder: unrun.copy(folder).snakemake("--cores", "2", TARGET))


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, to be changed."""
    return finished.copy(tmp_path / "project")


@pytest.fixture
def fresh(unrun: Project, tmp_path: Path) -> Project:
    """A copy of the project before any run, to be changed."""
    return unrun.copy(tmp_path / "project")


@pytest.fixture(scope="module")
def shared(unrun: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project before any run, for all tests of a file."""
    return unrun.copy(tmp_path_factory.mktemp("shared") / "project")
