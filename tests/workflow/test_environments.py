"""One lock file holds for all machines, and a machine that will not do says so."""

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from tests.workflow.conftest import ROOT

from genregraph.common.code import libraries
from genregraph.config.registry import COMPUTED
from genregraph.plan.paths import Paths
from genregraph.plan.run import Run
from genregraph.plan.steps import Steps


def pins(text: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", text, re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in found}


LOCKED = pins((ROOT / "requirements.lock").read_text())


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.name)
def test_an_environment_pins_what_the_lock_file_pins(path: Path) -> None:
    *conda, last = yaml.safe_load(path.read_text())["dependencies"]
    assert conda == ["python=3.11", "pip"]
    pinned = pins("\n".join(last["pip"]))
    assert len(pinned) == len(last["pip"])
    assert {name: LOCKED.get(name) for name in pinned} == pinned


def test_an_environment_has_what_the_steps_of_its_rules_import() -> None:
    bases = {"step": "learning", "fold_step": "learning", "report_step": "report"}
    found = {("audio.yaml", "datasets.fetch"), ("learning.yaml", "plan.records")}
    run = Run.of({"predict": str(ROOT / "README.md")}, ROOT)
    named = {rule: step.name for rule, step in Steps(run, Paths(run)).items()}
    for path in (ROOT / "rules").glob("*.smk"):
        for base, rule in re.findall(r"use rule (\w+) as (\w+) with", path.read_text()):
            tables = [*COMPUTED, "images"] if "{table}" in named.get(rule, "") else [""]
            steps = [named[rule].format(table=table) for table in tables if rule in named]
            found |= {(f"{bases.get(base, 'audio')}.yaml", step) for step in steps}
    assert len(found) > 30
    for environment in {environment for environment, _ in found}:
        *_, last = yaml.safe_load((ROOT / "envs" / environment).read_text())["dependencies"]
        steps = [step for where, step in found if where == environment]
        needed = {"typer", *(name for step in steps for name in libraries(step))}
        assert needed - pins("\n".join(last["pip"])).keys() == set(), environment


def test_everything_required_is_locked_and_this_environment_is_the_locked_one() -> None:
    lines = (ROOT / "requirements.in").read_text().splitlines()
    names = {Requirement(line).name.lower() for line in lines if line and line[0] != "#"}
    assert names - LOCKED.keys() == set()
    found = map(Requirement, (ROOT / "requirements.lock").read_text().split("\n")[:-1])
    wanted = [each for each in found if each.marker is None or each.marker.evaluate()]
    locked = pins("\n".join(f"{each.name}{each.specifier}" for each in wanted))
    assert {name: version(name).split("+")[0] for name in locked} == locked


@pytest.mark.parametrize(
    ("machine", "has"),
    [
        ("3.11 Linux x86_64", True),
        ("3.12 Linux x86_64", False),
        ("3.11 Linux aarch64", False),
        ("3.11 Darwin arm64", False),
    ],
)
def test_dgl_is_locked_only_where_it_has_wheels(machine, has) -> None:
    python, system, processor = machine.split()
    there = {"python_version": python, "python_full_version": f"{python}.1"}
    there |= {"platform_system": system, "sys_platform": system.lower()}
    for name in ("requirements.in", "requirements.lock"):
        (line,) = re.findall("^dgl==.*", (ROOT / name).read_text(), re.MULTILINE)
        marker = Requirement(line).marker
        assert marker.evaluate({**there, "platform_machine": processor}) == has


OTHER_PYTHON = r"genregraph needs Python 3\.11 to .*install it with.*\n"
OTHER_PLATFORM = r"genregraph needs Linux on x86-64 or arm64, .*\n"
NO_COMPILER = r"genregraph on Python 3\.14 needs a C compiler .*\n"
VERSION = "import sys, sysconfig; sys.version_info = "
LINUX = "Linux x86_64"
MODULES = ("bz2", "lzma", "sqlite3")
WITHOUT, LACKS = "import sys; sys.modules['{}'] = None", ".* module {}, .*\n"


@pytest.mark.parametrize(
    ("start", "platform", "compiler", "said"),
    [
        (None, LINUX, "cc", OTHER_PYTHON),
        (f"{VERSION}(3, 10)", LINUX, "cc", OTHER_PYTHON),
        (f"{VERSION}(3, 14)", LINUX, "cc", ""),
        (f"{VERSION}(3, 14)", LINUX, "no-compiler", NO_COMPILER),
        (f"{VERSION}(3, 15)", LINUX, "cc", OTHER_PYTHON),
        *((WITHOUT.format(name), LINUX, "cc", LACKS.format(name)) for name in MODULES),
        ("", "Linux aarch64", "cc", ""),
        ("", "Darwin arm64", "cc", ""),
        ("", "Darwin x86_64", "cc", OTHER_PLATFORM),
        ("", "Linux ppc64le", "cc", OTHER_PLATFORM),
    ],
)
def test_what_a_machine_lacks_is_reported_in_one_line(
    tmp_path: Path, start: str | None, platform: str, compiler: str, said: str
) -> None:
    """A Python of this one's abilities that first does something, or none."""
    system, machine = platform.split()
    (tmp_path / "sitecustomize.py").write_text(start or "")
    programs = {
        "python": f'PYTHONPATH={tmp_path} exec {sys.executable} "$@"',
        "uname": f"[ $1 = -s ] && echo {system} || echo {machine}",
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    python = "missing" if start is None else str(tmp_path / "python")
    command = ["bash", "envs/check-platform.sh", python]
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "CC": compiler}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, bool(re.fullmatch(said, done.stderr))) == (int(bool(said)), True)
