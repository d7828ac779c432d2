"""What a run spends on everything but its work: imports of its jobs, and Snakemake's own plan.

    python benchmarks/overhead.py [TARGET]

TARGET is computed from nothing on the built-in demo data, in a folder of its own. CPU seconds are
those of all processes together.
"""

import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import typer
from scale import SNAKEMAKE, measured

from genregraph.cli.main import is_step
from genregraph.common.code import SCRIPTS

# What a step imports only when it is needed, as it is in each job of a run.
LATER = {"models.fit": ["dgl"] if find_spec("dgl") else []}
TRIES = 3


def import_of(step: str, folder: Path) -> float:
    """CPU seconds until a step can begin: the least of a few tries."""
    modules = ", ".join(["typer", f"genregraph.{step}", *LATER.get(step, [])])
    code = f"import sys; sys.path.insert(0, {str(SCRIPTS.parent)!r}); import {modules}"
    command = [sys.executable, "-c", code]
    return min(measured(step, command, folder)["CPU"] for _ in range(TRIES))


def step_of(file: str) -> str | None:
    """The step of a benchmark file: the longest beginning of its name that is a module, if any."""
    parts = file.split(".")
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next(filter(is_step, names), None)


def main(target: str = "results/multiclass_compare.csv") -> None:
    """Print what a run took, and how much of it was imports."""
    forced = ["--dry-run", "--forceall", "--quiet=all"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = measured("run", [*SNAKEMAKE, target, "--cores", "all"], folder)["CPU"]
        plan = measured("plan", [*SNAKEMAKE, target, *forced], folder)["CPU"]
        files = (folder / "results" / "benchmarks").rglob("*.tsv")
        jobs = Counter(filter(None, (step_of(path.name) for path in files)))
        rows = [(step, count, import_of(step, folder)) for step, count in jobs.items()]
    table = pd.DataFrame(rows, columns=["step", "jobs", "import"])
    table["all imports"] = table["jobs"] * table["import"]
    table["share"] = table["all imports"] / whole
    print(table.sort_values("share", ascending=False).head(10).round(3).to_string(index=False))
    print(f"{target}: {whole:.0f} CPU s, {jobs.total()} jobs, plan {plan:.1f}")
    print(f"imports and plan: {(table['all imports'].sum() + plan) / whole:.1%} (aim <= 10 %)")


if __name__ == "__main__":
    typer.run(main)
