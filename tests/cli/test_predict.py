import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from genregraph.cli import predict

PYTHON_OF_JOB = """
rule all:
    output: "random.txt"
    shell: "python -c 'import random; print(random.__file__)' > {output}"
"""
SLOW_TO_END = """
rule all:
    output: "slow.txt"
    shell: "trap 'sleep 1; exit 1' INT; touch started; sleep 60 & wait"
"""
CALL = "from genregraph.cli.predict import run_snakemake; run_snakemake({}, True)"


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_jobs_do_not_import_modules_of_the_current_folder(here) -> None:
    Path("Snakefile").write_text(PYTHON_OF_JOB)
    for module in ("random", "copy", "snakemake"):
        Path(f"{module}.py").write_text("raise SystemExit('the code of the folder')")
    assert predict.run_snakemake(["--cores", "1", "--quiet", "all"], True) == 0
    assert str(here) not in Path("random.txt").read_text()


def test_interrupt_waits_for_snakemake_which_unlocks_the_folder(here) -> None:
    Path("Snakefile").write_text(SLOW_TO_END)
    code = CALL.format(["--cores", "1"])
    with subprocess.Popen(
        [sys.executable, "-c", code], start_new_session=True, stderr=subprocess.PIPE, text=True
    ) as running:
        while not Path("started").exists():
            time.sleep(0.05)
        os.killpg(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert "UserError: interrupted; the same command goes on where it stopped" in said
    assert not list(Path().glob(".snakemake/locks/*"))
