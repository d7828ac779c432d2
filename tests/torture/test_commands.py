"""README and tutorial, word for word in a fresh clone: hours, and what they fetch, at most once."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import requests
from tests.workflow.conftest import ROOT
from tests.workflow.test_commands import Command, commands, yaml_of

from genregraph.config.load import load, merged
from genregraph.datasets.sheet import read_sheet

pytestmark = pytest.mark.torture
DOCUMENTS = (ROOT / "README.md", ROOT / "docs/tutorial.md")
COMMANDS = list({each.text: each for path in DOCUMENTS for each in commands(path)}.values())


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user has: the repository, and nothing built."""
    folder = tmp_path_factory.mktemp("clone") / "genregraph"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    return folder


TABLES = {
    "FOLDER": "GENREGRAPH_TEST_AUDIO",
    "features_30_sec.csv": "GENREGRAPH_TEST_TABLE",
    "features_3_sec.csv": "GENREGRAPH_TEST_SEGMENTS",
}


def prepare(clone: Path, command: Command) -> None:
    """Provide what a command names, or skip it, saying what is missing."""
    named = set(re.findall(r"[\w.]+\.(?:csv|yaml|parquet)\b|\bFOLDER\b", command.text))
    for name in named & TABLES.keys():
        if not (found := os.environ.get(TABLES[name])):
            pytest.skip(f"there is no {name} here")
        if not (clone / name).exists():
            (clone / name).symlink_to(found)
    if "mine.yaml" in named:
        (clone / "mine.yaml").write_text(yaml_of(command.document))
    if "embedding.parquet" in named:
        clips = [row.clip for row in read_sheet(clone / "config/datasets/mine.tsv")]
        values = {f"x{i}": [sum(clip.encode()) * (i + 3) % 97 for clip in clips] for i in range(4)}
        pd.DataFrame({"clip": clips, **values}).to_parquet(clone / "embedding.parquet")
    if "song.mp3" in command.text:
        shutil.copy(next(Path(os.environ[TABLES["FOLDER"]]).rglob("*.wav")), clone / "song.mp3")
    if fetched := re.search(r"dataset=(gtzan[\w-]*)(?!.*(tables|audio)=)", command.text):
        archive = load(merged([clone], {"dataset": fetched[1]})).facts().archive
        if not any(reached(url) for url in archive.urls):
            pytest.skip(f"{fetched[1]} is not reached")


def reached(url: str) -> bool:
    try:
        return requests.head(url, timeout=20, allow_redirects=True).ok
    except requests.RequestException:
        return False


@pytest.mark.parametrize("command", COMMANDS, ids=[command.text for command in COMMANDS])
def test_a_command_works(clone: Path, command: Command) -> None:
    prepare(clone, command)
    inside = "source .venv/bin/activate && " if (clone / ".venv").exists() else ""
    words = command.text if command.text.startswith("source") else inside + command.text
    # Also where a manager of Pythons keeps them.
    kept = re.compile("PATH|PYENV_ROOT|.*PIP_.*|.*proxy.*")
    home = {name: value for name, value in os.environ.items() if kept.fullmatch(name)}
    done = subprocess.run(
        ["bash", "-c", words],
        cwd=clone,
        env={**home, "HOME": str(clone.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    for target in re.findall(r"results/\S+\.(?:csv|md|html)", command.text):
        assert (clone / target).stat().st_size > 0


def test_the_site_is_built_without_warnings_and_loads_nothing_from_elsewhere(clone: Path) -> None:
    done = subprocess.run(["make", "docs"], cwd=clone, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    pages = list((clone / "site").rglob("*.html"))
    assert len(pages) > 20
    tag = r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="?((?:https?:)?//[^\s">]+)'
    for page in pages:
        assert re.findall(tag, page.read_text(encoding="utf-8")) == [], page
    for style in (clone / "site").rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style.read_text("utf-8"))
    shutil.rmtree(clone / "site")
