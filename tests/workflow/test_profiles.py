import re
from typing import Any

import yaml
from tests.workflow.conftest import ROOT, TARGET, Project


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
    printed = unrun.snakemake(
        *("--dry-run", TARGET, "--quiet", "host", "--config", "audio=audio", "device=cuda")
    )
    asking = re.findall(r"^rule (\w+):\n(?:    .*\n)*?    resources:.*gpu=1", printed, re.MULTILINE)
    assert asking == ["models"]
