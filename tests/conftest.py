"""Fixtures that the tests of several packages share."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# As in genregraph.cli.main: libraries read these when they are first imported.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("DGLBACKEND", "pytorch")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from hypothesis import is_hypothesis_test, settings  # noqa: E402

# The same few examples every time, however slow the machine; by `make torture`, many others.
settings.register_profile("genregraph", deadline=None, derandomize=True, max_examples=30)
settings.register_profile("torture", deadline=None, max_examples=500)
settings.load_profile("genregraph")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Which lines run is recorded for the first case of each test, and not for generated examples.

    To record it nearly doubles the time of what calls much library code.
    """
    seen: set[str] = set()
    for item in items:
        name = item.nodeid.partition("[")[0]
        if name in seen or is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker(pytest.mark.no_cover)
        seen.add(name)


def _from_environment(variable: str, what: str) -> Path:
    if not os.environ.get(variable):
        pytest.skip(f"{variable} is not set; it must name {what}")
    return Path(os.environ[variable])


@pytest.fixture(scope="session")
def real_audio() -> Path:
    return _from_environment("GENREGRAPH_TEST_AUDIO", "the folder genre/*.wav of gtzan-mini")


@pytest.fixture(scope="session")
def public_table() -> pd.DataFrame:
    path = _from_environment("GENREGRAPH_TEST_TABLE", "GTZAN's public table, features_30_sec.csv")
    return pd.read_csv(path)


@pytest.fixture(scope="session")
def musicnn_outputs() -> Path:
    return _from_environment("GENREGRAPH_TEST_MUSICNN", "the folder of the original reference.npz")


STARVED = """
import functools, importlib, resource, sys, typer
step, spare, *sys.argv[1:] = sys.argv[1:]
main = importlib.import_module(f"genregraph.{step}").main
app = typer.Typer(pretty_exceptions_enable=False)
@app.command()
@functools.wraps(main)
def starved(**options):
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + int(spare), resource.RLIM_INFINITY))
    main(**options)
app()
"""


@pytest.fixture
def starved(tmp_path: Path) -> Callable[..., str]:
    """Run a step that fails in little more memory than its imports take; what it says."""

    def run(step: str, options: list[str], spare: int) -> str:
        scripts = Path(__file__).parents[1] / "workflow" / "scripts"
        done = subprocess.run(
            [sys.executable, "-c", STARVED, step, str(spare), *options],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(scripts)},
            capture_output=True,
            text=True,
        )
        assert done.returncode, done.stderr
        return done.stderr

    return run


@pytest.fixture(scope="session")
def folds_of() -> Callable[..., pd.DataFrame]:
    """Folds of some clips, of the fold of each clip in each repeat."""
    from genregraph.folds.table import listed

    def make(clips, genres, *repeats, groups=None) -> pd.DataFrame:
        named = pd.DataFrame({"clip": clips, "genre": genres, "group": clips, "artist": clips})
        if groups is not None:
            named = named.assign(group=groups, artist=[f"artist {name}" for name in groups])
        rows = [
            listed(named, np.asarray(fold) == np.arange(max(fold) + 1)[:, None], repeat)
            for repeat, fold in enumerate(repeats)
        ]
        return pd.concat(rows, ignore_index=True)

    return make
