"""What needs the package registry: wheels of all that is locked, and a validator of our crate."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.report import test_crate

made = test_crate.made
HERE = Path(__file__).parent
pytestmark = pytest.mark.torture


def test_all_that_is_locked_has_wheels_for_every_python_and_platform() -> None:
    command = ["bash", "envs/check-wheels.sh", Path(sys.executable).with_name("uv")]
    done = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True)
    if "Failed to fetch" in done.stderr or "error sending request" in done.stderr:
        pytest.skip("the package registry is not reached")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 12


def test_roc_validator_accepts_the_crate(made, tmp_path: Path) -> None:
    environment, cache = tmp_path / "environment", tmp_path / "cache"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python, validator = environment / "bin/python", environment / "bin/rocrate-validator"
    install = [python, "-m", "pip", "install", "-qq", "roc-validator==0.13.0", "rocrate==0.13.0"]
    if subprocess.run(install).returncode:
        pytest.skip("the package registry is not reached")
    subprocess.run([python, HERE / "warm_cache.py", cache], check=True)
    options = f"--offline --no-paging -v -l required -p workflow-run-crate --cache-path {cache}"
    command = [validator, "validate", *options.split(), made.folder]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "RO-Crate is a valid workflow-run-crate" in done.stdout
