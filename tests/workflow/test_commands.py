"""Every command that a document tells users to run works, or is planned: see `tests.commands`."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest
import soundfile
import yaml
from snakemake.cli import get_argument_parser, parse_config
from tests.commands import Command, documents, of, yaml_of
from tests.workflow.conftest import RATE, ROOT, Project, copy_parts, tune

from genregraph.config.load import load
from genregraph.plan.paths import Paths
from genregraph.plan.run import Run
from genregraph.plan.step import Job
from genregraph.report import crate

ALL = [command for document in documents() for command in of(document)]
RUN = sorted({command.text for command in ALL if command.kind == "run"})
MADE = sorted({command.words[1] for command in ALL if command.kind == "make"})


def plans() -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """Targets that can be planned at once: by the file mine.yaml that is meant, and options."""
    found = defaultdict(list)
    for command in ALL:
        if command.kind == "plan":
            words = command.words[3:]
            end = next((i for i, word in enumerate(words) if word.startswith("--")), len(words))
            document = command.document if "mine.yaml" in words else ""
            found[document, tuple(words[end:])] += words[:end]
    for target in MADE:
        printed = subprocess.run(
            ["make", "--dry-run", "--always-make", target], cwd=ROOT, capture_output=True, text=True
        ).stdout
        found["", ()] += re.findall(r"snakemake --cores \S+ (results/\S+)", printed)
    return dict(found)


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with all files that the commands name, as a user would have them."""
    folder = tmp_path_factory.mktemp("documented")
    copy_parts(folder)
    clips = [f"{genre}.{i:05d}" for genre in ("blues", "jazz") for i in range(3)]
    for i, clip in enumerate(clips):
        path = folder / f"FOLDER/{clip.split('.')[0]}/{clip}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tune(i // 3, i), RATE)
    table = pd.DataFrame({"filename": [f"{clip}.wav" for clip in clips], "a": range(6)})
    table.to_csv(folder / "features_30_sec.csv", index=False)
    segments = table.assign(filename=[f"{clip}.0.wav" for clip in clips])
    segments.to_csv(folder / "features_3_sec.csv", index=False)
    for name in ("mert", "embedding"):
        table.rename(columns={"filename": "clip"}).to_parquet(folder / f"{name}.parquet")
    return Project(folder)


def run(project: Project, words: list[str]) -> str:
    done = subprocess.run(
        words, cwd=project.folder, env=project.environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def sheeted(documented: Project) -> Project:
    """The same with a dataset of the folder, after all commands that are quick."""
    folder = documented.folder
    genregraph = [sys.executable, "genregraph", "init", "FOLDER", "--name", "mine"]
    assert "6 clips of 2 genres" in run(documented, genregraph)
    for text in RUN:
        if "report.verify" in text:
            results = folder / "results/mine"
            results.mkdir(parents=True)
            (results / "summary.csv").write_text("dataset\n")
            crate.main(
                [results / "summary.csv"],
                folder / "config/datasets/mine.tsv",
                load({}).model_dump_json(),
                results / "workflow.zip",
                results / "ro-crate-metadata.json",
            )
        printed = run(documented, Command("", text).words)
        assert "all 2 files are as they were" in printed or "report.verify" not in text
    return documented


def test_every_command_is_of_a_kind_that_is_tested() -> None:
    assert [(each.document, each.text) for each in ALL if not each.kind] == []
    tests = {each.kind for each in ALL if each.kind.endswith(".py")}
    assert [name for name in tests if not (ROOT / name).is_file()] == []
    assert {each.kind for each in ALL} >= {"make", "activate", "plan", "run"}


def test_quick_commands_work(sheeted: Project) -> None:
    assert RUN
    written = (ROOT / "config/config.schema.json").read_bytes()
    assert (sheeted.folder / "config/config.schema.json").read_bytes() == written


def test_make_knows_the_targets() -> None:
    for target in MADE:
        subprocess.run(
            ["make", "--dry-run", target], cwd=ROOT, stdout=subprocess.DEVNULL, check=True
        )
        assert re.search(rf"^# make {target} ", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_environment_is_activated() -> None:
    script = f"source {sys.prefix}/bin/activate && command -v snakemake python"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    found = [Path(name).parent.resolve() for name in done.stdout.split()]
    assert found == [Path(sys.prefix, "bin").resolve()] * 2


def test_long_commands_ask_for_what_there_is(
    sheeted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, planned without Snakemake; `make torture` makes what they ask for."""
    monkeypatch.chdir(sheeted.folder)
    for (document, options), targets in plans().items():
        asked = get_argument_parser().parse_args([*targets, *options])
        files = [
            yaml.safe_load(planned_yaml(document) if document else Path(path).read_text())
            for path in asked.configfile or []
        ]
        given = {key: value for file in files for key, value in file.items()}
        paths = Paths(Run.of(given | parse_config(asked.config), ROOT))
        known = {"all", *paths.published(), f"{paths.dataset}/ro-crate-metadata.json"}
        archive = paths.run.facts.archive
        known |= {f"resources/archives/{archive.filename}"} if archive else set()
        for target in asked.targets:
            name = target.removeprefix("results/")
            assert target in known or paths.shown(Job(name=name)), target


def planned_yaml(document: str) -> str:
    """The document's example; that of docs/extend.md asks for a model that its guide adds."""
    return yaml_of(document).replace("bayes", "knn")
