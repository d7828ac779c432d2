"""What the site's reference is made of: every key, every module."""

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from genregraph.common.code import SCRIPTS
from genregraph.config.model import Config

ROOT = Path(__file__).resolve().parents[2]


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / f"docs/{name}.py")
    assert spec and spec.loader
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found  # Where dataclasses look for their module.
    spec.loader.exec_module(found)
    return found


reference = module("reference")


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference.generated()


# Configuration


def test_every_key_of_the_configuration_has_its_row(pages) -> None:
    text = pages["reference/configuration.md"]
    schema = Config.model_json_schema()
    for name, part in {"Configuration": schema, **schema["$defs"]}.items():
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(part["properties"])


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"type": "integer", "minimum": 1, "exclusiveMaximum": 4096}, "integer ≥ 1 < 4,096"),
        ({"enum": ["a", "b"], "type": "string"}, "`a`, `b`"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"type": "array", "items": {"type": "number"}}, "list: number"),
        ({"$ref": "#/$defs/Clean"}, "[Clean](#clean)"),
        (
            {"type": "object", "patternProperties": {"^a$": {"$ref": "#/$defs/Clean"}}},
            "by name: [Clean](#clean)",
        ),
    ],
)
def test_what_a_value_may_be_is_said_in_words(field, words) -> None:
    assert reference._kind(field) == words


# Steps


def test_every_module_is_in_the_reference(pages) -> None:
    files = (p.relative_to(SCRIPTS.parent) for p in SCRIPTS.glob("*/**/*.py"))
    modules = {".".join(p.with_suffix("").parts) for p in files if p.stem != "__init__"}
    text = "".join(pages.values())
    assert set(re.findall(r"^::: (\S+)$", text, re.MULTILINE)) == modules


def test_references_of_a_docstring_become_a_list() -> None:
    text = "A thing [1]_ [2]_.\n\nReferences\n----------\n.. [1] One,\n   1999.\n.. [2] Two.\n"
    expected = "A thing \\[1\\] \\[2\\].\n\n**References**\n\n1. One,\n   1999.\n2. Two.\n"
    assert reference.with_references(text) == expected


# Links and navigation


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
def test_links_lead_to_where_things_are_in_the_site(text, source, page, expected) -> None:
    assert reference.relinked(text, source, page) == expected


def test_every_page_is_in_the_navigation(pages) -> None:
    named = set(re.findall(r"[\w/]+\.md", (ROOT / "mkdocs.yml").read_text().split("\nnav:\n")[1]))
    own = {path.name for path in ROOT.glob("docs/*.md")} - {"README.md"}
    made = {page for page in pages if page.endswith(".md")}
    # Packages are named when the site is built.
    packages = {f"reference/{package}.md" for package in reference.packages_of(SCRIPTS)}
    assert named == own | made - packages


DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/*.md", "config/*.md")
    for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    """As they are read where the repository is shown: folders and headings count."""
    text = re.sub(r"```.*?```", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for target, anchor in re.findall(r"\]\(([^)#\s:]*)(?:#([^)\s]*))?\)", text):
        path = (ROOT / document).parent / target if target else ROOT / document
        if not path.exists() or (anchor and anchor not in headings(path)):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def headings(path: Path) -> set[str]:
    found = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_the_workflow_catalog_and_pre_commit_name_what_there_is() -> None:
    import yaml

    catalog = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())
    assert catalog["usage"]["software-stack-deployment"]["conda"] is True
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    checks = (ROOT / "Makefile").read_text().split("\ncheck:")[1].split("\n\n")[0]
    for hook in hooks:
        assert hook["entry"].split()[0].removeprefix(".venv/bin/") in checks
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    runs = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    targets = re.findall(r"^([\w$()/. -]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for run in runs:
        if run.startswith("make "):
            target = run.split()[-1].replace(".venv-trained", "$(VENV)")
            assert target in targets
    assert json.dumps(jobs).count("make test") == 1
