"""Every command that a document tells users to run works, or is planned."""

import re
import shlex
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
import soundfile
import yaml
from markdown_it import MarkdownIt
from snakemake.cli import get_argument_parser, parse_config
from tests.workflow.conftest import RATE, ROOT, Project, copy_parts, tune

from genregraph.config.load import load
from genregraph.plan.paths import Paths
from genregraph.plan.run import Run
from genregraph.plan.step import Job
from genregraph.report import crate

WORDS = "make snakemake python pip source ./genregraph git cd docker sbatch export".split()
# How a command is tested, by how it starts; the first that fits counts. What computes for long is
# planned.
KINDS = {
    r"make \w+": "make",
    r"source \.venv/bin/activate": "activate",
    r"\./genregraph (init|check|predict) ": "tests/workflow/test_predict.py",
    r"snakemake --cores \d+ results/predictions\.csv ": "tests/workflow/test_predict.py",
    r"snakemake --report \S+ all": "tests/workflow/test_report.py",
    r"snakemake (--workflow-profile slurm |--unlock)": "tests/cluster/test_slurm.py",
    r"python -m genregraph datasets\.fma ": "tests/datasets/test_fma.py",
    # Of clusters and containers, which are no part of what is tested, or of their set-up.
    r"(export|mkdir|squeue|scancel|sbatch|docker|apptainer) ": "elsewhere",
    r"make \.venv|\.venv/bin/pip install --requirement envs/slurm\.txt": "elsewhere",
    r"snakemake --cores \d+ ": "plan",
    r"python -m genregraph (config\.schema|report\.verify) ?": "run",
    r"python -m pytest tests/(features|graph|models)/": "tests/workflow/test_guides.py",
}


class Command(NamedTuple):
    """A command of a document, as it is to be typed."""

    document: Path
    text: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text, comments=True)

    @property
    def kind(self) -> str:
        return next((kind for start, kind in KINDS.items() if re.match(start, self.text)), "")


def documents() -> list[Path]:
    """README, tutorial and guides, and what they lead to for commands."""
    guides = re.search(r"^  - Guides:\n((?:      .*\n)+)", (ROOT / "mkdocs.yml").read_text(), re.M)
    named = ["tutorial.md", *re.findall(r"[\w-]+\.md", guides[1]), "README.md"]
    own = ["README.md", "CONTRIBUTING.md", "config/README.md"]
    return [ROOT / name for name in (*own, *(f"docs/{name}" for name in named))]


def commands(document: Path) -> list[Command]:
    """Commands of a document: each line of a block of ``bash``, and of any other that holds one."""
    found = []
    for token in MarkdownIt("commonmark").parse(document.read_text(encoding="utf-8")):
        if token.type not in ("fence", "code_block") or token.info.strip() in ("python", "yaml"):
            continue
        lines = token.content.replace("\\\n", " ").splitlines()
        lines = [" ".join(line.split()) for line in lines if line.strip()]
        if token.info.strip() == "bash" or any(line.split()[0] in WORDS for line in lines):
            found += [Command(document, line) for line in lines]
    return found


ALL = [command for document in documents() for command in commands(document)]
MADE = sorted({command.words[1] for command in ALL if command.kind == "make"})


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
    project = Project(folder)
    made = project.run(sys.executable, "genregraph", "init", "FOLDER", "--name", "mine")
    assert "6 clips of 2 genres" in made
    return project


def test_every_command_is_of_a_kind_that_is_tested() -> None:
    assert [each for each in ALL if not each.kind] == []
    tests = {each.kind for each in ALL if each.kind.endswith(".py")}
    assert [name for name in tests if not (ROOT / name).is_file()] == []
    assert {each.kind for each in ALL} >= {"make", "activate", "plan", "run"}


def test_quick_commands_work(documented: Project) -> None:
    results = documented.folder / "results/mine"
    results.mkdir(parents=True)
    (results / "summary.csv").write_text("dataset\n")
    crate.main(
        [results / "summary.csv"],
        documented.folder / "config/datasets/mine.tsv",
        load({}).model_dump_json(),
        results / "workflow.zip",
        results / "ro-crate-metadata.json",
    )
    quick = {tuple(command.words) for command in ALL if command.kind == "run"}
    printed = [documented.run(*words) for words in quick]
    assert "all 2 files are as they were" in "".join(printed)
    schema = "config/config.schema.json"
    assert (documented.folder / schema).read_bytes() == (ROOT / schema).read_bytes()


def test_make_knows_the_targets() -> None:
    for target in MADE:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=True)
        assert re.search(rf"^# make {target} ", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_environment_is_activated() -> None:
    script = f"source {sys.prefix}/bin/activate && command -v snakemake python"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    found = [Path(name).parent.resolve() for name in done.stdout.split()]
    assert found == [Path(sys.prefix, "bin").resolve()] * 2


def plans() -> dict[tuple[Path | None, tuple[str, ...]], list[str]]:
    """Targets that can be planned at once: by the file mine.yaml that is meant, and options."""
    found = defaultdict(list)
    for command in ALL:
        if command.kind == "plan":
            words = command.words[3:]
            end = next((i for i, word in enumerate(words) if word.startswith("--")), len(words))
            document = command.document if "mine.yaml" in words else None
            found[document, tuple(words[end:])] += words[:end]
    for target in MADE:
        make = ["make", "--dry-run", "--always-make", target]
        printed = subprocess.run(make, cwd=ROOT, capture_output=True, text=True).stdout
        found[None, ()] += re.findall(r"snakemake --cores \S+ (results/\S+)", printed)
    return found


def yaml_of(document: Path) -> str:
    """The document's last example; that of docs/extend.md asks for a model that its guide adds."""
    text = document.read_text(encoding="utf-8")
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[-1].replace("bayes", "knn")


def test_long_commands_ask_for_what_there_is(documented: Project, monkeypatch) -> None:
    """All of them, planned without Snakemake."""
    monkeypatch.chdir(documented.folder)
    for (document, options), targets in plans().items():
        asked = get_argument_parser().parse_args([*targets, *options])
        given = {}
        for path in asked.configfile or []:
            given |= yaml.safe_load(yaml_of(document) if document else Path(path).read_text())
        paths = Paths(Run.of(given | parse_config(asked.config), ROOT))
        known = {"all", *paths.published(), f"{paths.dataset}/ro-crate-metadata.json"}
        archive = paths.run.facts.archive
        known |= {f"resources/archives/{archive.filename}"} if archive else set()
        for target in asked.targets:
            name = target.removeprefix("results/")
            assert target in known or paths.shown(Job(name=name)), target
