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
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.workflow.conftest import ROOT, Project, finished, unrun

__all__ = ["finished", "unrun"]  # Fixtures.

DAEMONS = ["munged", "slurmctld", "slurmd"]
PLUGIN = "snakemake_executor_plugin_slurm"
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
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=4 RealMemory=60000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=4 RealMemory=60000
PartitionName=main Nodes=ALL LLN=YES Default=YES MaxTime=INFINITE State=UP
"""


@dataclass(frozen=True)
class Job:
    """A job as ``squeue`` prints it, also for minutes after its end."""

    number: int
    state: str
    node: str
    cores: int
    megabytes: int
    rule: str


@dataclass(frozen=True)
class Slurm:
    """A cluster that runs, and the environment in which commands and Snakemake find it."""

    environment: dict[str, str]

    def ask(self, *command: str) -> str:
        return subprocess.check_output(command, env=self.environment, text=True)

    def jobs(self) -> list[Job]:
        printed = self.ask("squeue", "--states=all", "--noheader", "--format=%i|%T|%N|%C|%m|%k")
        rows = [line.split("|") for line in printed.splitlines()]
        return [
            Job(int(number), state, node, int(cores), megabytes(memory), rule)
            for number, state, node, cores, memory, rule in rows
        ]

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


def megabytes(text: str) -> int:
    """Memory as Slurm writes it: 1100M, 3G."""
    return int(text[:-1]) * {"M": 1, "G": 1024}[text[-1]]


def wait_for(
    what: Callable[[], object], seconds: float = 600, why: Callable[[], str] = str
) -> None:
    """Wait until something holds, or fail and say why it did not."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why()
        time.sleep(0.2)


def free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]


@pytest.fixture(scope="session")
def executor(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder where the executor is installed, beside this environment, which others use too."""
    if find_spec(PLUGIN):
        return ""
    folder = tmp_path_factory.mktemp("executor")
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)),
        *("--no-deps", "--requirement", str(ROOT / "envs/slurm.txt")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"envs/slurm.txt cannot be installed: {done.stderr}")
    return str(folder)


@pytest.fixture(scope="session")
def slurm(executor: str) -> Iterator[Slurm]:
    path = f"{os.environ['PATH']}:/usr/sbin"
    missing = [name for name in DAEMONS if not shutil.which(name, path=path)]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: apt-get install slurm-wlm munge")
    with ExitStack() as stack:
        # Not in pytest's folder: names of sockets must be short.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-")))
        environment = prepare(folder, path, executor)
        stack.enter_context(running(munge(folder), environment, folder))
        wait_for((folder / "munge.socket").exists, 30)
        for command in [["slurmctld", "-D"], *(["slurmd", "-D", "-N", node] for node in NODES)]:
            stack.enter_context(running(command, environment, folder))
        started = Slurm(environment)
        wait_for(lambda: ready(started), 60, (folder / "daemons.log").read_text)
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
    configuration = CONFIGURATION.format(
        host=socket.gethostname().split(".")[0],
        user=getpass.getuser(),
        folder=folder,
        ports=free_ports(3),
    )
    (folder / "slurm.conf").write_text(configuration)
    # The executor hides all of Slurm's variables from srun, which then looks in /etc.
    srun = folder / "bin/srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
    srun.chmod(0o755)
    found = [str(folder / "bin"), str(Path(sys.executable).parent), path]
    modules = [executor, os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PATH": ":".join(found),
        "PYTHONPATH": ":".join(filter(None, modules)),
        "SLURM_CONF": f"{folder}/slurm.conf",
    }


def munge(folder: Path) -> list[str]:
    """Command of a munged of our own, which asks for no user and folder of its own."""
    files = ["key-file", "log-file", "pid-file", "seed-file", "socket"]
    places = [f"--{name}={folder}/munge.{name.removesuffix('-file')}" for name in files]
    return ["munged", "--foreground", "--force", *places]


@contextmanager
def running(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[None]:
    """A daemon, until the block ends."""
    with (folder / "daemons.log").open("a") as output:
        daemon = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        daemon.terminate()
        daemon.wait(30)


def ready(slurm: Slurm) -> bool:
    with suppress(subprocess.CalledProcessError):
        states = slurm.ask("sinfo", "--noheader", "--Node", "--format=%N %T").splitlines()
        return sorted(states) == [f"{node} idle" for node in NODES]
    return False
