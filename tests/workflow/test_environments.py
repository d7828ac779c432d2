"""One lock file holds for all machines, and a machine that will not do says so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from tests.workflow.conftest import ROOT

from genregraph.common.code import SCRIPTS, libraries


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


def steps_by_environment() -> set[tuple[str, str]]:
    """Environment and step of each rule, where a wildcard stands for all steps of its package."""
    found = set()
    for path in (ROOT / "rules").glob("*.smk"):
        for rule in re.split(r"^ *(?:rule|checkpoint) \w+:$", path.read_text(), flags=re.M)[1:]:
            environment = re.search(r"envs/(\w+\.yaml)", rule)
            run = rule.partition("$GENREGRAPH")[2]
            step = re.search(r"([\w.]+)\.(\w+|\{wildcards\.\w+\}) ", run)
            if environment and step:
                files = SCRIPTS.glob(
                    f"{step[1].replace('.', '/')}/{'*' if '{' in step[2] else step[2]}.py"
                )
                steps = [f"{step[1]}.{f.stem}" for f in files if "\ndef main(" in f.read_text()]
                assert steps, rule
                found |= {(environment[1], step) for step in steps}
    return found


def test_an_environment_has_what_the_steps_of_its_rules_import() -> None:
    found = steps_by_environment()
    assert len(found) > 30
    for environment in {environment for environment, _ in found}:
        *_, last = yaml.safe_load((ROOT / "envs" / environment).read_text())["dependencies"]
        steps = [step for where, step in found if where == environment]
        needed = {"typer", *(name for step in steps for name in libraries(step))}
        assert needed - pins("\n".join(last["pip"])).keys() == set(), environment


def test_everything_required_is_locked() -> None:
    lines = (ROOT / "requirements.in").read_text().splitlines()
    names = {Requirement(line).name.lower() for line in lines if line and line[0] != "#"}
    assert names - LOCKED.keys() == set()


def here(text: str) -> dict[str, str]:
    """What a lock file pins for this Python and platform."""
    found = [Requirement(line) for line in text.splitlines() if line]
    wanted = [each for each in found if each.marker is None or each.marker.evaluate()]
    return pins("\n".join(f"{each.name}{each.specifier}" for each in wanted))


def test_this_environment_is_the_locked_one() -> None:
    from importlib.metadata import version

    locked = here((ROOT / "requirements.lock").read_text())
    installed = {name: version(name).split("+")[0] for name in locked}
    assert installed == locked


@pytest.mark.parametrize(
    ("python", "system", "machine", "expected"),
    [
        ("3.11", "Linux", "x86_64", True),
        ("3.12", "Linux", "x86_64", False),
        ("3.11", "Linux", "aarch64", False),
        ("3.11", "Darwin", "arm64", False),
    ],
)
def test_dgl_is_locked_only_where_it_has_wheels(
    python: str, system: str, machine: str, expected: bool
) -> None:
    asked = {
        "python_version": python,
        "python_full_version": f"{python}.1",
        "platform_system": system,
        "sys_platform": system.lower(),
        "platform_machine": machine,
    }
    for name in ("requirements.in", "requirements.lock"):
        found = re.findall("^dgl==.*", (ROOT / name).read_text(), re.MULTILINE)
        (marker,) = [Requirement(line).marker for line in found]
        assert marker is not None
        assert marker.evaluate(asked) == expected


def check_platform(
    python: str, path: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "envs/check-platform.sh", python],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def named(folder: Path, system: str, machine: str) -> str:
    """Folder of a uname that names this system and machine."""
    uname = folder / "uname"
    uname.write_text(f"#!/bin/sh\n[ $1 = -s ] && echo {system} || echo {machine}\n")
    uname.chmod(0o755)
    return str(folder)


def test_a_machine_without_a_python_that_will_do_is_reported_in_one_line() -> None:
    done = check_platform("python-that-is-not-there")
    assert done.returncode == 1
    assert re.fullmatch(r"genregraph needs Python 3\.11 to .*install it with.*\n", done.stderr)


def python_that(folder: Path, starts_with: str) -> str:
    """Path of a Python of this one's abilities that first does something."""
    python = folder / "python"
    (folder / "sitecustomize.py").write_text(starts_with)
    python.write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return str(python)


@pytest.mark.parametrize(
    ("version", "status"), [((3, 10), 1), ((3, 11), 0), ((3, 14), 0), ((3, 15), 1)]
)
def test_only_pythons_that_are_locked_for_will_do(
    tmp_path: Path, version: tuple[int, int], status: int
) -> None:
    """A Python of this one's abilities that says it is of another version."""
    python = python_that(tmp_path, f"import sys, sysconfig; sys.version_info = {version}")
    assert check_platform(python, named(tmp_path, "Linux", "x86_64")).returncode == status


@pytest.mark.parametrize("module", ["bz2", "lzma", "sqlite3"])
def test_a_python_without_a_module_is_reported_in_one_line(tmp_path: Path, module: str) -> None:
    done = check_platform(python_that(tmp_path, f"import sys; sys.modules['{module}'] = None"))
    assert done.returncode == 1
    assert re.fullmatch(f"genregraph needs Python's module {module}, .*install .*\n", done.stderr)


def test_python_3_14_without_a_compiler_is_reported_in_one_line(tmp_path: Path) -> None:
    python = python_that(tmp_path, "import sys; sys.version_info = (3, 14)")
    done = check_platform(python, CC="no-compiler")
    assert done.returncode == 1
    assert re.fullmatch(r"genregraph on Python 3\.14 needs a C compiler .*\n", done.stderr)


@pytest.mark.parametrize(
    ("system", "machine", "status"),
    [
        ("Linux", "x86_64", 0),
        ("Linux", "aarch64", 0),
        ("Darwin", "arm64", 0),
        ("Darwin", "x86_64", 1),
        ("Linux", "ppc64le", 1),
    ],
)
def test_another_platform_is_reported_in_one_line(
    tmp_path: Path, system: str, machine: str, status: int
) -> None:
    done = check_platform(sys.executable, named(tmp_path, system, machine))
    assert done.returncode == status
    expected = r"genregraph needs Linux on x86-64 or arm64, .*\n" if status else ""
    assert re.fullmatch(expected, done.stderr)
