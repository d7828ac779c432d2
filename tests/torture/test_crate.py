"""Whether a validator that others wrote accepts our crate."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.report import test_crate

made = test_crate.made
WARM_CACHE = Path(__file__).with_name("warm_cache.py")


@pytest.mark.torture
def test_roc_validator_accepts_the_crate(made, tmp_path: Path) -> None:
    environment, cache = tmp_path / "environment", tmp_path / "cache"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python, validator = environment / "bin/python", environment / "bin/rocrate-validator"
    install = [python, "-m", "pip", "install", "-qq", "roc-validator==0.13.0", "rocrate==0.13.0"]
    if subprocess.run(install, check=False).returncode:
        pytest.skip("the package registry is not reached")
    subprocess.run([python, WARM_CACHE, cache], check=True)
    options = f"--offline --no-paging -v -l required -p workflow-run-crate --cache-path {cache}"
    done = subprocess.run(
        [validator, "validate", *options.split(), made.folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "RO-Crate is a valid workflow-run-crate" in done.stdout
