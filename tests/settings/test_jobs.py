import os
import subprocess
import sys
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake.exceptions import is_file_not_found_error
from snakemake.iocontainers import InputFiles
from snakemake_interface_executor_plugins.utils import format_cli_arg

from settings.code import SCRIPTS
from settings.jobs import memory, memory_by_fold, minutes, survives_shells, unlimited


@pytest.fixture
def of_size(tmp_path):
    """A job's input: sparse files of so many megabytes together."""

    def made(size_mb: int, files: int = 1) -> InputFiles:
        paths = [tmp_path / f"{i}.npz" for i in range(files)]
        for path in paths:
            path.touch()
            os.truncate(path, size_mb * 2**20 // files)
        found = InputFiles(toclone=[str(path) for path in paths])
        found._set_name("inputs", 0, end=files)
        return found

    return made


@pytest.mark.parametrize(
    ("size_mb", "attempt", "expected"),
    [(0, 1, 1000), (100, 1, 2500), (100, 2, 5000), (1000, 3, 48_000)],
)
def test_memory_grows_with_input_and_attempt(of_size, size_mb, attempt, expected) -> None:
    assert memory(1000, 15)({}, of_size(size_mb, 3), attempt) == pytest.approx(expected, abs=1)


def test_the_size_of_what_is_not_there_yet_is_snakemakes_to_find_out(of_size) -> None:
    job_input = of_size(100)
    Path(job_input[0]).unlink()
    with pytest.raises(FileNotFoundError) as raised:
        memory(1000, 15)({}, job_input, 1)
    assert is_file_not_found_error(raised.value, job_input)


def test_of_what_does_not_grow_with_input_nobody_asks_how_large_that_is() -> None:
    assert "input" not in signature(memory(500)).parameters
    assert memory(500)({}, attempt=3) == 1500


def test_memory_is_that_of_the_folds_that_are_learnt_side_by_side(of_size) -> None:
    of_ten = of_size(1000, 10)
    assert memory_by_fold(1500, 10)({}, of_ten, threads=1, attempt=1) == 2500
    assert memory_by_fold(1500, 10)({}, of_ten, threads=4, attempt=2) == 20_000
    assert memory_by_fold(1500, 10)({}, of_ten, threads=16, attempt=1) == 25_000


def test_minutes_grow_alike(of_size) -> None:
    assert minutes(10, 0.5)({}, of_size(1000), 2) == 1020


HOSTILE = ["$(touch x)", "`touch x`", "Don't $HOME", 'say "so"', "a\\b", "a\nb", "a\tb", "a\udc80"]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_shell_would_read_otherwise_is_no_input(name) -> None:
    assert not survives_shells(f"audio/{name}.wav")


# A surrogate is what stands for a byte that is no UTF-8.
@given(st.lists(st.text(st.characters(exclude_characters="\0")) | st.sampled_from(HOSTILE)))
def test_all_other_names_come_through_as_snakemake_quotes_them(names) -> None:
    """Once as a script, and once within double quotes, as ``sbatch --wrap`` takes it."""
    inputs = [*filter(survives_shells, names), "Señor (live) #1; & [2] ~ *?!.wav", "{} <漢字> |"]
    script = f"printf '%s\\0' {format_cli_arg('--wait-for-files', inputs)}"
    quoted = script.replace('"', '\\"')
    for command in (script, f'sh -c "{quoted}"'):
        done = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
        assert done.stdout.decode().split("\0")[1:-1] == inputs


def test_snakemakes_limit_of_jobs_is_there_and_goes(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(
        f"import sys\nsys.path.insert(0, {str(SCRIPTS)!r})\n"
        "from settings.jobs import unlimited\n\n"
        "onstart:\n"
        "    print('before:', workflow.scheduler.job_rate_limiter)\n"
        "    unlimited(workflow.scheduler)\n"
        "    print('after:', workflow.scheduler.job_rate_limiter)\n\n"
        "rule made:\n    output: 'made'\n    shell: 'touch {output}'\n"
    )
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "before: <snakemake" in done.stdout
    assert "after: None" in done.stdout
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize("scheduler", [None, SimpleNamespace(), SimpleNamespace(jobs=1)])
def test_a_snakemake_without_such_a_limit_is_left_as_it_is(scheduler) -> None:
    before = vars(scheduler).copy() if scheduler else None
    unlimited(scheduler)
    assert (vars(scheduler) if scheduler else None) == before
