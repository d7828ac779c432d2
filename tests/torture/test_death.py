"""Death: the workflow, Snakemake alone, or a step, killed at random moments, again and again.

GENREGRAPH_TORTURE_KILLS says how often. What is there after the last run must be, byte for byte,
what an undisturbed run makes: no half file is ever taken for a whole one.
"""

import os
import random
import signal
import subprocess
from collections import Counter

import psutil
import pytest
from tests.workflow.conftest import TARGET, Project, finished, forked_steps, unrun

__all__ = ["finished", "forked_steps", "unrun"]  # Fixtures.

KILLS = int(os.environ.get("GENREGRAPH_TORTURE_KILLS", 50))
LATEST = 12.0  # Seconds after its start at which a run is killed; the first ones plan for some.
NOTHING = "none, it had ended"
MADE = [f"results/mine/**/*.{extension}" for extension in ("parquet", "npz", "pt", "json")]

pytestmark = pytest.mark.torture


def steps_of(run: subprocess.Popen) -> list[psutil.Process]:
    """Steps that a run has under way."""
    try:
        below = psutil.Process(run.pid).children(recursive=True)
        return [each for each in below if "scripts/genregraph" in " ".join(each.cmdline())]
    except psutil.NoSuchProcess:
        return []


def kill_something(run: subprocess.Popen, rng: random.Random) -> str:
    """Kill a step that is under way, Snakemake alone, or the run with all it started; says which.

    Steps that outlive Snakemake go on beside those of the next run.
    """
    steps = steps_of(run)
    chance = rng.random()
    if steps and chance < 0.4:
        try:
            rng.choice(steps).kill()
        except psutil.NoSuchProcess:
            return NOTHING
        run.wait()
        return "a step"
    if steps and chance < 0.7:
        run.kill()
        run.wait()
        return "Snakemake alone"
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    return "the run"


def test_kills_at_random_moments_leave_nothing_half(
    unrun: Project, finished: Project, tmp_path, capsys
) -> None:
    rng = random.Random(0)
    killed: Counter[str] = Counter()
    whole = finished.bytes_of(*MADE)
    rounds = 0
    while sum(killed.values()) < KILLS:
        project = unrun.copy(tmp_path / f"{rounds}")
        rounds += 1
        done = None
        while done != 0 and sum(killed.values()) < KILLS:
            run = project.start("--cores", "2", TARGET)
            try:
                done = run.wait(rng.uniform(0.5, LATEST))
            except subprocess.TimeoutExpired:
                killed[kill_something(run, rng)] += 1
                project.snakemake("--unlock")
        del killed[NOTHING]
        project.snakemake("--cores", "2", TARGET)
        assert project.planned() == {}
        made = project.bytes_of(*MADE)
        assert made.keys() == whole.keys()
        assert [name for name in made if made[name] != whole[name]] == []
    with capsys.disabled():
        print(f"\nkilled: {dict(killed)}, over {rounds} whole runs; all as undisturbed")
