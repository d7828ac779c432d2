"""The image holds what the workflow needs, and no more."""

import re

import yaml
from packaging.specifiers import SpecifierSet
from tests.workflow.conftest import PARTS, ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COPIED = dict(re.findall(r"^COPY (\S+) /genregraph/(\S*)$", DOCKERFILE, re.MULTILINE))


def test_what_is_copied_is_what_the_workflow_is_tested_with_and_a_build_is_given() -> None:
    """Tests run it in a folder that holds these parts alone."""
    assert len(COPIED) == DOCKERFILE.count("\nCOPY ")
    assert set(COPIED) == set(PARTS)
    for source, place in COPIED.items():
        # A file goes into the folder that is named, the contents of a folder too.
        assert place == (source if (ROOT / source).is_dir() else "")
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    first, *rules, last = [line for line in lines if line and line[0] != "#"]
    assert (first, last) == ("*", "**/__pycache__")
    assert {line.removeprefix("!") for line in rules} == set(COPIED)


def test_its_python_is_one_that_is_locked_for() -> None:
    (version,) = re.findall(r"^FROM python:(\d+\.\d+)-slim$", DOCKERFILE, re.MULTILINE)
    for path in (ROOT / "envs").glob("*.yaml"):
        assert f"python={version}" in yaml.safe_load(path.read_text())["dependencies"]
    text = (ROOT / "pyproject.toml").read_text()
    (allowed,) = re.findall(r"^requires-python = \"(.*)\"", text, re.MULTILINE)
    assert SpecifierSet(allowed).contains(f"{version}.0")
    assert "--requirement /genregraph/requirements.lock" in DOCKERFILE
