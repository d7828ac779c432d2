"""What a cluster is given: profiles, and an image that holds what the workflow needs."""

import re
from typing import Any

import yaml
from packaging.specifiers import SpecifierSet
from tests.workflow.conftest import PARTS, ROOT, TARGET, Project

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COPIED = dict(re.findall(r"^COPY (\S+) /genregraph/(\S*)$", DOCKERFILE, re.MULTILINE))


def profile(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "profiles" / name / "profile.yaml").read_text())


def test_rules_that_the_profile_for_slurm_names_are_sent_to_nodes() -> None:
    text = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    _, *parts = re.split(r"^ *(?:use )?rule (?:\w+ as )?(\w+)(?: with)?:$", text, flags=re.M)
    rules = dict(zip(parts[::2], parts[1::2], strict=True))
    sent = {name: body for name, body in rules.items() if "localrule: True" not in body}
    slurm, groups = profile("slurm"), profile("slurm")["groups"]
    # Jobs that compute folds side by side know how many: a job does not know what it was given.
    learn = set(re.findall(r"^use rule fold_step as (\w+) with", text, re.MULTILINE))
    assert len(learn) > 2
    assert slurm["set-threads"] == dict.fromkeys(learn, 4)
    # What a job needs is left out where it waits for another of its group.
    assert set(groups) <= set(sent) - learn
    assert len(set(groups.values())) == len(groups)
    assert slurm["group-components"].keys() == set(groups.values())


def test_a_cluster_changes_only_where_jobs_run() -> None:
    default, slurm = profile("default"), profile("slurm")
    del default["cores"], default["resources"]  # Of one machine.
    assert {name: slurm.get(name) for name in default} == default


def test_jobs_that_train_on_a_card_ask_for_it(unrun: Project) -> None:
    printed = unrun.snakemake(*("--dry-run", TARGET, "--quiet", "host", "--config", "device=cuda"))
    asking = re.findall(r"^rule (\w+):\n(?:    .*\n)*?    resources:.*gpu=1", printed, re.MULTILINE)
    assert asking == ["models"]


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
