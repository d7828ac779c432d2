"""The workflow on a real Slurm of two nodes, by the profile that users have."""

import os
import signal
import sys
from importlib.metadata import distributions

import psutil
import pytest
from packaging.requirements import Requirement
from tests.cluster.conftest import NODES, Job, Slurm, wait_for
from tests.workflow.conftest import ROOT, TARGET, Project
from tests.workflow.test_environments import LOCKED, pins

COMPARE = "results/mine/30s/features/compare.parquet"
SHARDS = "results/mine/30s/features/compare/*.parquet"
OF_AUDIT, OF_EXTRACT = "rule_audit_audit", "rule_extract_extract"


def test_what_the_executor_needs_is_what_is_locked(executor: str) -> None:
    wanted = pins((ROOT / "envs/slurm.txt").read_text())
    there = distributions(path=[executor] if executor else sys.path)
    found = {each.name: each for each in there if each.name in wanted}
    assert {name: each.version for name, each in found.items()} == wanted
    versions = {**LOCKED, **wanted}
    needed = [Requirement(line) for each in found.values() for line in each.requires or []]
    assert needed
    for each in needed:
        assert each.specifier.contains(versions[each.name]), each


@pytest.fixture(scope="module")
def killed(slurm: Slurm, shared: Project) -> tuple[Project, list[Job]]:
    """A feature table made over both nodes, one of whose jobs was killed; the jobs by number."""
    # One Slurm job for all three audits, two for the shards of the table.
    groups = ["--group-components", "audit=4", "extract=2"]
    snakemake = slurm.snakemake(shared, *groups, "--", COMPARE)

    def extracting() -> list[psutil.Process]:
        assert snakemake.poll() is None, (shared.folder / "printed").read_text()
        steps = [each for each in psutil.process_iter(["cmdline", "cwd"]) if each.info["cmdline"]]
        steps = [each for each in steps if "features.compare" in each.info["cmdline"]]
        return [each for each in steps if each.info["cwd"] == str(shared.folder)]

    wait_for(extracting)
    os.kill(extracting()[0].pid, signal.SIGKILL)
    assert snakemake.wait(600) == 0, (shared.folder / "printed").read_text()
    return shared, slurm.jobs()


def test_two_nodes_give_the_bytes_of_one_machine(
    killed: tuple[Project, list[Job]], finished: Project
) -> None:
    project, jobs = killed
    assert project.bytes_of(COMPARE, SHARDS) == finished.bytes_of(COMPARE, SHARDS)
    assert {job.node for job in jobs if job.rule == OF_EXTRACT} == set(NODES)
    # No hostile name ran a command on the way.
    assert not list(project.folder.rglob("x"))
    assert "uid=" not in (project.folder / "printed").read_text()


def test_shards_share_a_job_and_one_that_is_killed_is_tried_again_with_more_memory(
    killed: tuple[Project, list[Job]],
) -> None:
    (audit,) = [job for job in killed[1] if job.rule == OF_AUDIT]
    assert (audit.cores, audit.megabytes) == ("3", 3 * 1100)
    *first, again = [job for job in killed[1] if job.rule == OF_EXTRACT]
    assert {(job.cores, job.megabytes) for job in first} == {("1", 1800), ("2", 2 * 1800)}
    (dead,) = [job for job in first if job.state != "COMPLETED"]
    assert again.state == "COMPLETED"
    assert (again.cores, again.megabytes) == (dead.cores, 2 * dead.megabytes)


@pytest.mark.torture
def test_a_whole_run_survives_that_snakemake_itself_is_killed(
    slurm: Slurm, fresh: Project, finished: Project
) -> None:
    first = slurm.snakemake(fresh, "--", TARGET)
    before = {job.number for job in slurm.jobs()}

    def extracting() -> bool:
        assert first.poll() is None, (fresh.folder / "printed").read_text()
        new = [job for job in slurm.jobs() if job.number not in before]
        return any(job.rule == OF_EXTRACT and job.state == "RUNNING" for job in new)

    wait_for(extracting)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    # As docs/cluster.md says: no job of the old run may write beside those of the new.
    slurm.ask("scancel", "--me")
    wait_for(lambda: not slurm.ask("squeue", "--noheader"), 60)
    fresh.snakemake("--unlock")
    second = slurm.snakemake(fresh, "--", TARGET)
    assert second.wait() == 0, (fresh.folder / "printed").read_text()
    patterns = ["results/mine/**/*.parquet", "results/mine/**/*.npz", "results/mine/**/*.pt"]
    ours, theirs = fresh.bytes_of(*patterns), finished.bytes_of(*patterns)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []
