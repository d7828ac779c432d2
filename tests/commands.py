"""Commands that documents tell users to run: all of them, each with how it is tested."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[1]
WORDS = "make snakemake python pip source ./genregraph git cd docker sbatch export".split()
# How a command is tested, by how it starts; the first that fits counts. What computes for long is
# planned (a dry run) in tests/workflow/test_commands.py and run by tests/torture/test_commands.py.
KINDS = {
    r"make \w+": "make",
    r"source \.venv/bin/activate": "activate",
    r"\./genregraph (init|check|predict) ": "tests/workflow/test_predict.py",
    r"snakemake --cores \d+ results/predictions\.csv ": "tests/workflow/test_predict.py",
    r"python -m pytest -m torture -s tests/torture/\w+\.py": "make torture",
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


@dataclass(frozen=True)
class Command:
    """A command of a document, as it is to be typed."""

    document: str
    text: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text, comments=True)

    @property
    def kind(self) -> str:
        found = (kind for start, kind in KINDS.items() if re.match(start, self.text))
        return next(found, "")


def documents() -> list[str]:
    """README, tutorial and guides, and what they lead to for commands."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    guides = re.search(r"^  - Guides:\n((?:      .*\n)+)", navigation, re.MULTILINE)[1]
    named = ["tutorial.md", *re.findall(r"[\w-]+\.md", guides), "README.md"]
    own = ["README.md", "CONTRIBUTING.md", "config/README.md"]
    return [*own, *(f"docs/{name}" for name in named)]


def commands(document: str, text: str) -> list[Command]:
    """Commands of a document: each line of a block of ``bash``, and of any other that holds one."""
    found = []
    for token in MarkdownIt("commonmark").parse(text):
        if token.type not in ("fence", "code_block") or token.info.strip() in ("python", "yaml"):
            continue
        lines = token.content.replace("\\\n", " ").splitlines()
        lines = [" ".join(line.split()) for line in lines if line.strip()]
        if token.info.strip() == "bash" or any(line.split()[0] in WORDS for line in lines):
            found += [Command(document, line) for line in lines]
    return found


def of(document: str) -> list[Command]:
    return commands(document, (ROOT / document).read_text(encoding="utf-8"))


def yaml_of(document: str) -> str:
    """The last example of a configuration in a document."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[-1]
