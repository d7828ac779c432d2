"""One lock file holds for all environments, and a machine that will not do is told so."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.workflow.conftest import ROOT


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


def test_everything_required_is_locked() -> None:
    lines = (ROOT / "requirements.in").read_text().splitlines()
    names = {re.split(r"[=<>]", line)[0].lower() for line in lines if line and line[0] != "#"}
    assert names - LOCKED.keys() == set()


def test_this_environment_is_the_locked_one() -> None:
    from importlib.metadata import version

    installed = {name: version(name).split("+")[0] for name in LOCKED}
    assert installed == LOCKED


def check_platform(python: str, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "envs/check-platform.sh", python],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_machine_without_python_3_11_is_told_in_one_line() -> None:
    told = check_platform("python-that-is-not-there")
    assert told.returncode == 1
    assert re.fullmatch(r"genregraph needs Python 3\.11 .*install it with.*\n", told.stderr)


def test_another_platform_is_told_in_one_line(tmp_path: Path) -> None:
    uname = tmp_path / "uname"
    uname.write_text("#!/bin/sh\n[ $1 = -s ] && echo Darwin || echo arm64\n")
    uname.chmod(0o755)
    told = check_platform("python3.11", str(tmp_path))
    assert told.returncode == 1
    assert re.fullmatch(r"genregraph needs Linux on x86-64 .*\n", told.stderr)
