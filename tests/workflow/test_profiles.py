import re
from typing import Any

import yaml
from tests.workflow.conftest import ROOT


def profile(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "profiles" / name / "profile.yaml").read_text())


def test_groups_are_of_one_rule_each_that_there_is_and_is_sent_to_nodes() -> None:
    """What a job needs is left out where it waits for another of its group."""
    text = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    _, *parts = re.split(r"^ *rule (\w+):$", text, flags=re.MULTILINE)
    rules = dict(zip(parts[::2], parts[1::2], strict=True))
    sent = {name for name, body in rules.items() if "localrule: True" not in body}
    groups = profile("slurm")["groups"]
    assert set(groups) <= sent
    assert len(set(groups.values())) == len(groups)
    assert profile("slurm")["group-components"].keys() == set(groups.values())


def test_a_cluster_changes_only_where_jobs_run() -> None:
    default, slurm = profile("default"), profile("slurm")
    del default["cores"]  # Of one machine.
    assert {name: slurm.get(name) for name in default} == default
