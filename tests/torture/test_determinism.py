"""The same bytes whatever the cores, the shards, the sheet's order, and what surrounds a run."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.workflow.conftest import TARGET, Project, finished, forked_steps, unrun

__all__ = ["finished", "forked_steps", "unrun"]  # Fixtures.

# All but what is made of a shard.
OF_ALL = [
    *(f"results/mine/30s/{name}" for name in ("*.parquet", "*.csv", "features/*.parquet")),
    *(f"results/mine/experiments/**/*.{extension}" for extension in ("parquet", "npz", "pt")),
    *("results/mine/experiments/**/leaks.csv", "results/mine/experiments/**/graph-health.csv"),
]
OF_SHARDS = ["results/mine/audio/**/*.parquet", "results/mine/30s/features/*/*.parquet"]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

pytestmark = pytest.mark.torture


def differing(project: Project, finished: Project, *patterns: str, cores: int = 2) -> list[str]:
    """Files that are not those of the finished project, which was run on two cores."""
    project.snakemake("--cores", f"{cores}", TARGET)
    made, whole = project.bytes_of(*patterns), finished.bytes_of(*patterns)
    assert len(whole) > 15
    return sorted(name for name in made | whole if made.get(name) != whole.get(name))


@pytest.mark.parametrize("cores", [1, 4])
def test_cores(unrun: Project, finished: Project, tmp_path: Path, cores: int) -> None:
    project = unrun.copy(tmp_path / "project")
    assert differing(project, finished, *OF_ALL, *OF_SHARDS, cores=cores) == []


@pytest.mark.parametrize("shards", [1, 7])
def test_shards(unrun: Project, finished: Project, tmp_path: Path, shards: int) -> None:
    project = unrun.copy(tmp_path / "project")
    project.edit("small.yaml", "shards: 3", f"shards: {shards}")
    assert differing(project, finished, *OF_ALL) == []
    assert len(list(project.folder.glob("results/mine/audio/*/samples.parquet"))) == shards


def test_a_shuffled_sheet(unrun: Project, finished: Project, tmp_path: Path) -> None:
    project = unrun.copy(tmp_path / "project")
    sheet = project.folder / "config/datasets/mine.tsv"
    head, *rows = sheet.read_text(encoding="utf-8").splitlines()
    random.Random(0).shuffle(rows)
    sheet.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    assert differing(project, finished, *OF_ALL, *OF_SHARDS) == []


class Elsewhere(Project):
    """A project whose steps are started as users start them: Python reads much in its start."""

    def snakemake(self, *arguments: str, fails: bool = False, forked: bool = False) -> str:
        return super().snakemake(*arguments, fails=fails, forked=False)


def provide(name: str, folder: Path) -> None:
    """Make a locale, as the C library reads it from a folder."""
    language, encoding = name.split(".")
    command = ["localedef", "-i", language, "-f", encoding, folder / name]
    if not shutil.which("localedef") or subprocess.run(command).returncode:
        pytest.skip(f"no locale {name} can be made here")


@pytest.mark.parametrize(
    "more",
    [
        {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "2", **ASCII},
        {"TZ": "America/St_Johns", "PYTHONHASHSEED": "4294967295", "LC_ALL": "tr_TR.UTF-8"},
        {"TZ": "Etc/GMT+12", "PYTHONHASHSEED": "0", "LC_ALL": "de_DE.UTF-8"},
    ],
    ids=lambda more: more["LC_ALL"],
)
def test_surroundings(
    unrun: Project,
    finished: Project,
    tmp_path: Path,
    more: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All at once: what differs is then looked for."""
    if "." in more["LC_ALL"]:
        provide(more["LC_ALL"], tmp_path)
        monkeypatch.setenv("LOCPATH", str(tmp_path))
    project = Elsewhere(unrun.copy(tmp_path / "another place").folder)
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    for name in ("HOME", "TMPDIR"):
        (tmp_path / f"another {name}").mkdir()
        monkeypatch.setenv(name, str(tmp_path / f"another {name}"))
    assert differing(project, finished, *OF_ALL, *OF_SHARDS) == []
