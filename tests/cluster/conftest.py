"""A real Slurm of two nodes on this machine, started from what Debian's packages install."""

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.workflow.conftest import ROOT, Project, finished, fresh, once, shared, unrun

__all__ = ["finished", "fresh", "once", "shared", "unrun"]  # Fixtures.

NODES = ["n1", "n2"]

# Each node says that it has four cores, whatever this machine has; jobs go where fewer are.
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
ReturnToService=2
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=4 RealMemory=60000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=4 RealMemory=60000
PartitionName=main Nodes=ALL LLN=YES Default=YES MaxTime=INFINITE State=UP
"""


class Job(NamedTuple):
    """A job as ``squeue`` prints it, also for minutes after its end."""

    number: str
    state: str
    node: str
    cores: str
    memory: str
    rule: str

    @property
    def megabytes(self) -> int:
        """Memory, which Slurm writes as 1100M or 3G."""
        return int(self.memory[:-1]) * {"M": 1, "G": 1024}[self.memory[-1]]


@dataclass(frozen=True)
class Slurm:
    """A cluster that runs, and the environment in which commands and Snakemake find it."""

    environment: dict[str, str]

    def ask(self, *command: str) -> str:
        return subprocess.check_output(command, env=self.environment, text=True)

    def jobs(self) -> list[Job]:
        printed = self.ask("squeue", "--states=all", "--noheader", "--format=%i|%T|%N|%C|%m|%k")
        jobs = [Job(*line.split("|")) for line in printed.splitlines()]
        return sorted(jobs, key=lambda job: int(job.number))

    def snakemake(self, project: Project, *arguments: str) -> subprocess.Popen[str]:
        """Start Snakemake with the profile as users have it, but that it asks more often."""
        return subprocess.Popen(
            project.command(
                *("--workflow-profile", "slurm", "--default-resources", "slurm_partition=main"),
                *("--slurm-init-seconds-before-status-checks", "2", *arguments),
            ),
            cwd=project.folder,
            env=self.environment,
            stdout=(project.folder / "printed").open("w"),
            stderr=subprocess.STDOUT,
            text=True,
        )


def wait_for(what: Callable[[], object], seconds: int = 600, why: Callable[[], str] = str) -> None:
    """Wait until something holds, or fail and say why it did not."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why()
        time.sleep(0.2)


@pytest.fixture(scope="session")
def executor(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder where the executor is installed, beside this environment, which others use too."""
    if find_spec("snakemake_executor_plugin_slurm"):
        return ""
    folder = tmp_path_factory.mktemp("executor")
    options = ["--quiet", "--no-deps", "--requirement", ROOT / "envs/slurm.txt"]
    command = [sys.executable, "-m", "pip", "install", "--target", folder, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"envs/slurm.txt cannot be installed: {done.stderr}")
    return str(folder)


@pytest.fixture(scope="session")
def slurm(executor: str) -> Iterator[Slurm]:
    path = f"{os.environ['PATH']}:/usr/sbin"
    daemons = ("munged", "slurmctld", "slurmd")
    missing = [name for name in daemons if not shutil.which(name, path=path)]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: apt-get install slurm-wlm munge")
    with ExitStack() as stack:
        # Not in pytest's folder: names of sockets must be short.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-")))
        environment, log = prepare(folder, path, executor), folder / "daemons.log"

        def start(*command: str) -> None:
            with log.open("a") as output:
                daemon = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
            stack.callback(daemon.wait, 30)
            stack.callback(daemon.terminate)

        # A munged of our own, which asks for no user and folder of its own.
        files = ["key-file", "log-file", "pid-file", "seed-file", "socket"]
        places = [f"--{name}={folder}/munge.{name.removesuffix('-file')}" for name in files]
        start("munged", "--foreground", "--force", *places)
        wait_for((folder / "munge.socket").exists, 30)
        start("slurmctld", "-D")
        for node in NODES:
            start("slurmd", "-D", "-N", node)
        started = Slurm(environment)
        wait_for(lambda: ready(started), 60, log.read_text)
        yield started
        started.ask("scancel", "--user", getpass.getuser())
        wait_for(lambda: not started.ask("squeue", "--noheader"), 60)


def prepare(folder: Path, path: str, executor: str) -> dict[str, str]:
    """Write what the daemons read; the environment of all that talks to them."""
    (folder / "state").mkdir()
    (folder / "bin").mkdir()
    key = folder / "munge.key"
    key.touch(0o600)
    key.write_bytes(secrets.token_bytes(128))
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    facts = {"host": socket.gethostname().split(".")[0], "user": getpass.getuser()}
    configuration = CONFIGURATION.format(**facts, folder=folder, ports=ports)
    (folder / "slurm.conf").write_text(configuration)
    # The executor hides all of Slurm's variables from srun, which then looks in /etc.
    srun = folder / "bin/srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
    srun.chmod(0o755)
    modules = filter(None, [executor, os.environ.get("PYTHONPATH", "")])
    return {
        **os.environ,
        "PATH": f"{folder}/bin:{Path(sys.executable).parent}:{path}",
        "PYTHONPATH": ":".join(modules),
        "SLURM_CONF": f"{folder}/slurm.conf",
    }


def ready(slurm: Slurm) -> bool:
    with suppress(subprocess.CalledProcessError):
        states = slurm.ask("sinfo", "--noheader", "--Node", "--format=%N %T").splitlines()
        return sorted(states) == [f"{node} idle" for node in NODES]
    return False
