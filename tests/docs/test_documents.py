"""Documents state what is published, lead somewhere, and become a site that lacks nothing."""

import importlib
import re
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
import yaml

from genregraph.common.code import SCRIPTS
from genregraph.config.model import Config

ROOT = Path(__file__).resolve().parents[2]
PAPER = {"0.7203"}
DIFFERENCE = re.compile(r"(-?\d+\.\d) \((-?\d+\.\d) to (-?\d+\.\d)\)")
PATTERNS = ("*.md", "docs/*.md", "config/*.md")
DOCUMENTS = sorted(path.relative_to(ROOT) for each in PATTERNS for path in ROOT.glob(each))


def text_of(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def published(name: str) -> pd.DataFrame:
    return pd.concat(pd.read_csv(path) for path in ROOT.glob(f"docs/results/*/{name}.csv"))


@pytest.mark.parametrize("document", ["README.md", "docs/data.md"])
def test_each_accuracy_and_difference_is_published(document: str) -> None:
    accuracies = {f"{mean:.4f}" for mean in published("summary")["mean"]}
    stated = set(re.findall(r"\b0\.\d{4}\b", text_of(document))) - PAPER
    assert len(stated) > 5 and stated - accuracies == set()
    ends = 100 * published("comparisons")[["difference", "ci_low", "ci_high"]]
    differences = {tuple(f"{end:.1f}" for end in row) for row in ends.to_numpy()}
    found = set(DIFFERENCE.findall(text_of(document)))
    assert len(found) > 1 and found - differences == set()


def test_the_readme_is_one_page() -> None:
    assert len(text_of("README.md").split()) <= 700


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    """As they are read where the repository is shown: folders and headings count."""
    text = re.sub(r"```.*?```", "", text_of(document), flags=re.DOTALL)
    for target, anchor in re.findall(r"\]\(([^)#\s:]*)(?:#([^)\s]*))?\)", text):
        path = (ROOT / document).parent / target if target else ROOT / document
        assert path.exists(), target
        assert not anchor or anchor in headings(path), f"{target}#{anchor}"


def headings(path: Path) -> set[str]:
    found = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_the_workflow_catalog_and_pre_commit_name_what_there_is() -> None:
    catalog = yaml.safe_load(text_of(".snakemake-workflow-catalog.yml"))
    assert catalog["usage"]["software-stack-deployment"]["conda"] is True
    makefile = text_of("Makefile")
    checks = makefile.split("\ncheck:")[1].split("\n\n")[0]
    for hook in yaml.safe_load(text_of(".pre-commit-config.yaml"))["repos"][0]["hooks"]:
        assert hook["entry"].split()[0].removeprefix(".venv/bin/") in checks
    jobs = yaml.safe_load(text_of(".github/workflows/ci.yml"))["jobs"].values()
    runs = [step.get("run", "") for job in jobs for step in job["steps"]]
    made = [run.split()[-1] for run in runs if run.startswith("make ")]
    targets = re.findall(r"^([\w$()/. -]+):", makefile, re.MULTILINE)
    assert {target.replace(".venv-trained", "$(VENV)") for target in made} <= {*targets}
    assert made.count("test") == 1


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")
        return importlib.import_module("reference")


def test_every_key_every_module_and_every_page_is_in_the_site(reference) -> None:
    pages = reference.generated()
    schema = Config.model_json_schema()
    for name, part in {"Configuration": schema, **schema["$defs"]}.items():
        section = pages["reference/configuration.md"].split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(part["properties"])
    may_be = ["integer ≥ 0 < 4,294,967,296", "[Reduce](#reduce) or null", "`pca`, `tsne`"]
    may_be += ["list: number > 0 ≤ 1", "by name: string or [Imported](#imported)"]
    assert all(f"| {each} |" in pages["reference/configuration.md"] for each in may_be)
    files = (p.relative_to(SCRIPTS.parent) for p in SCRIPTS.glob("*/**/*.py"))
    modules = {".".join(p.with_suffix("").parts) for p in files if p.stem != "__init__"}
    assert set(re.findall(r"^::: (\S+)$", "".join(pages.values()), re.MULTILINE)) == modules
    named = set(re.findall(r"[\w/]+\.md", text_of("mkdocs.yml").split("\nnav:\n")[1]))
    own = {path.name for path in ROOT.glob("docs/*.md")} - {"README.md"}
    made = {page for page in pages if page.endswith(".md")}
    # Packages are named when the site is built.
    assert named == own | made - {f"reference/{each}.md" for each in reference.packages_of(SCRIPTS)}


def test_references_of_a_docstring_become_a_list(reference) -> None:
    text = "A thing [1]_ [2]_.\n\nReferences\n----------\n.. [1] One,\n   1999.\n.. [2] Two.\n"
    expected = "A thing \\[1\\] \\[2\\].\n\n**References**\n\n1. One,\n   1999.\n2. Two.\n"
    assert reference.with_references(text) == expected


@pytest.mark.parametrize(
    ("text", "source", "page", "expected"),
    [
        ("[a](docs/paper.md#x)", "README.md", "index.md", "[a](paper.md#x)"),
        ("[a](../config/README.md)", "docs/paper.md", "paper.md", "[a](configuration.md)"),
        ("[a](../docs/paper.md)", "config/README.md", "configuration.md", "[a](paper.md)"),
        ("![a](docs/report.png)", "README.md", "index.md", "![a](report.png)"),
        ("[a](https://b.org/c)[d](#e)", "README.md", "index.md", "[a](https://b.org/c)[d](#e)"),
        ("[a](../README.md#b)", "docs/paper.md", "paper.md", "[a](index.md#b)"),
    ],
)
def test_links_lead_to_where_things_are_in_the_site(
    reference, text, source, page, expected
) -> None:
    assert reference.relinked(text, source, page) == expected
