import re
from typing import Any

import yaml
from tests.workflow.conftest import ROOT, TARGET, Project


def profile(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "profiles" / name / "profile.yaml").read_text())


def sent_to_nodes() -> dict[str, str]:
    """Rules whose jobs are, with their texts."""
    text = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    _, *parts = re.split(r"^ *rule (\w+):$", text, flags=re.MULTILINE)
    rules = dict(zip(parts[::2], parts[1::2], strict=True))
    return {name: body for name, body in rules.items() if "localrule: True" not in body}


def test_jobs_that_compute_folds_side_by_side_know_how_many_and_are_in_no_group() -> None:
    """A job on a node does not know what it was given there."""
    sent = sent_to_nodes()
    learn = {name for name, body in sent.items() if "threads: FOLDS_AT_ONCE" in body}
    assert len(learn) > 2
    assert profile("slurm")["set-threads"] == dict.fromkeys(learn, 4)
    assert not learn & set(profile("slurm")["groups"])


def test_groups_are_of_one_rule_each_that_there_is_and_is_sent_to_nodes() -> None:
    """What a job needs is left out where it waits for another of its group."""
    groups = profile("slurm")["groups"]
    assert set(groups) <= set(sent_to_nodes())
    assert len(set(groups.values())) == len(groups)
    assert profile("slurm")["group-components"].keys() == set(groups.values())


def test_a_cluster_changes_only_where_jobs_run() -> None:
    default, slurm = profile("default"), profile("slurm")
    del default["cores"], default["resources"]  # Of one machine.
    assert {name: slurm.get(name) for name in default} == default


def test_jobs_that_train_on_a_card_ask_for_it(unrun: Project) -> None:
    printed = unrun.snakemake(
        *("--dry-run", TARGET, "--quiet", "host", "--config", "audio=audio", "device=cuda")
    )
    asking = re.findall(r"^rule (\w+):\n(?:    .*\n)*?    resources:.*gpu=1", printed, re.MULTILINE)
    assert asking == ["models"]
