"""Commands and steps as they are started: by the script, by Snakemake, and in odd folders."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from genregraph.cli import main
from genregraph.common.code import SCRIPTS

SCRIPT = Path(__file__).parents[2] / "genregraph"
SNAKEMAKE = (sys.executable, "-m", "snakemake")
SLOW = """
rule all:
    output: "slow.txt"
    shell: "python -c 'import random'; trap 'kill $!; sleep 1; exit 1' INT; touch started;"
        " sleep 60 & wait"
"""
RUN_SLOW = "from genregraph.cli.predict import run_snakemake; run_snakemake(['--cores', '1'], True)"


def run(*command: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **variables}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def write_modules(folder: Path) -> None:
    """Modules of a user's that are called as those of Python and its libraries."""
    for module in ("random", "copy", "typer", "snakemake", "re"):
        (folder / f"{module}.py").write_text("raise SystemExit('the code of the folder')")


@pytest.mark.parametrize(("words", "status"), [([], 0), (["--help"], 0), (["audio"], 1)])
def test_usage_lists_commands_and_steps(monkeypatch, capsys, words, status) -> None:
    monkeypatch.setattr(sys, "argv", ["genregraph", *words])
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert ended.value.code == status
    said = capsys.readouterr().out
    for line in ("predict  predict the genres of new music", "audio.audit", "report.crate"):
        assert f"\n  {line}\n" in said


def test_code_of_the_current_folder_is_not_run_and_odd_characters_are_replaced(tmp_path) -> None:
    write_modules(tmp_path)
    (tmp_path / "rock").mkdir()
    (tmp_path / "rock/日本.txt").touch()
    (tmp_path / "rock/a.wav").touch()
    done = run(sys.executable, SCRIPT, "init", ".", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "1 clips of 1 genres" in done.stdout and "日本" not in done.stdout
    command = (sys.executable, SCRIPT, "check", "--configfile", "日本.yaml")
    done = run(*command, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.stdout.startswith("FAULT: there is no file ??.yaml"), done.stderr


def test_script_runs_in_its_own_environment_or_says_how_to_make_one(tmp_path) -> None:
    script = tmp_path / "genregraph"
    script.write_bytes(SCRIPT.read_bytes())
    done = run(sys.executable, script, "check", cwd=tmp_path, PYTHONPATH="")
    if done.returncode:  # Else genregraph is installed.
        assert "lacks genregraph; make the environment with: make run" in done.stderr
    own = tmp_path / ".venv/bin/python"
    own.parent.mkdir(parents=True)
    own.write_text('#!/bin/sh\necho own "$@"\n')
    own.chmod(0o755)
    done = run(sys.executable, script, "check", "a b", cwd=tmp_path)
    assert done.stdout == f"own -P {script} check a b\n"


def test_jobs_use_the_python_of_snakemake_where_none_is_active(tmp_path) -> None:
    write_modules(tmp_path)
    rows = [f"{'rock' if i < 12 else 'jazz'},{i % 5},{i * i % 7}\n" for i in range(24)]
    (tmp_path / "mine.csv").write_text("".join(["genre,tempo,loudness\n", *rows]))
    run(sys.executable, SCRIPT, "init", "mine.csv", "--genre", "genre", cwd=tmp_path)
    snakemake = Path(sys.executable).with_name("snakemake")
    config = ["--configfile", "config/datasets/mine.yaml", "--cores", "1"]
    command = [snakemake, "--snakefile", SCRIPT.with_name("Snakefile"), *config]
    target = "results/mine/30s/clips.parquet"
    done = run(*command, "--", target, cwd=tmp_path, PATH="/usr/bin:/bin")
    assert (tmp_path / target).is_file(), done.stderr


def test_interrupt_waits_for_snakemake_which_unlocks_the_folder(tmp_path) -> None:
    """And neither Snakemake nor its jobs import modules of that folder."""
    (tmp_path / "Snakefile").write_text(SLOW)
    write_modules(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-P", "-c", RUN_SLOW],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS.parent)},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        while running.poll() is None and not (tmp_path / "started").exists():
            time.sleep(0.05)
        os.killpg(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert "UserError: interrupted; the same command goes on where it stopped" in said
    assert not list(tmp_path.glob(".snakemake/locks/*"))


@pytest.mark.parametrize("allowed", ["", "1"])
def test_a_step_stops_at_another_version_of_a_library(tmp_path, allowed) -> None:
    (tmp_path / "tqdm").mkdir()
    (tmp_path / "tqdm/__init__.py").write_text("__version__ = '1.0'; tqdm = iter")
    command = (sys.executable, SCRIPTS, "datasets.unpack", "--help")
    variables = {"PYTHONPATH": str(tmp_path), "GENREGRAPH_ANY_VERSION": allowed}
    done = run(*command, cwd=tmp_path, **variables)
    assert ("genregraph datasets.unpack [OPTIONS]" in done.stdout) == bool(allowed), done.stderr
    assert re.search(r"tqdm 1.0 \(locked: 4[\d.]+\)", done.stderr)


def test_snakemake_rejects_a_key_that_stands_twice_and_a_checkout_in_braces(tmp_path) -> None:
    (tmp_path / "mine.yaml").write_text("seed: 1\nseed: 2\n")
    snakefile = ["--snakefile", SCRIPT.with_name("Snakefile"), "--configfile", "mine.yaml"]
    done = run(*SNAKEMAKE, "--dry-run", *snakefile, cwd=tmp_path)
    assert done.returncode
    said = "mine.yaml is not YAML: line 2 has key 'seed', as line 1 does"
    assert said in done.stdout + done.stderr
    checkout = tmp_path / "{x}"
    shutil.copytree(SCRIPT.with_name("rules"), checkout / "rules")
    shutil.copy(SCRIPT.with_name("Snakefile"), checkout)
    done = run(*SNAKEMAKE, "--dry-run", cwd=checkout)
    said = f"{checkout}: Snakemake takes text in braces for wildcards; rename it"
    assert said in done.stdout + done.stderr
