import subprocess
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake_interface_executor_plugins.utils import format_cli_arg

from genregraph.plan.jobs import memory, memory_by_thread, survives_shells


def of_size(size_mb: float) -> SimpleNamespace:
    """Input of a job as Snakemake gives it."""
    return SimpleNamespace(size_mb=size_mb)


@pytest.mark.parametrize(
    ("size_mb", "attempt", "expected"),
    [(0, 1, 1000), (100, 1, 2500), (100, 2, 5000), (1000, 3, 48_000)],
)
def test_memory_grows_with_input_and_attempt(size_mb, attempt, expected) -> None:
    assert memory(1000, 15)({}, of_size(size_mb), attempt) == expected
    assert memory(500)({}, attempt=attempt) == 500 * attempt


def test_memory_is_that_of_the_folds_that_are_fitted_side_by_side() -> None:
    found = memory_by_thread(1500, 10)
    assert [found({}, of_size(1000), threads, 1) for threads in (1, 4)] == [11_500, 16_000]
    assert found({}, of_size(1000), threads=1, attempt=2) == 23_000


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
