"""What the jobs of a dataset took, from the benchmarks that Snakemake writes of each."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd


def costs(benchmarks: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Time and memory of each step.

    Parameters
    ----------
    benchmarks : mapping of str to pd.DataFrame
        Columns ``s`` and ``max_rss`` (MB) of each job, by its path ``.../PACKAGE.STEP.tsv``; a job
        that was too short to be measured has no memory.

    Returns
    -------
    pd.DataFrame
        ``step jobs seconds longest memory``: seconds of all jobs together and of the longest,
        memory of the largest in MB (NaN: not measured); the costliest step first.
    """
    rows = [
        {
            "step": ".".join(Path(path).name.split(".")[:2]),
            "jobs": 1,
            "seconds": float(table["s"].iloc[-1]),
            "longest": float(table["s"].iloc[-1]),
            "memory": float(pd.to_numeric(table["max_rss"], errors="coerce").iloc[-1]),
        }
        for path, table in benchmarks.items()
    ]
    kinds = {"jobs": "sum", "seconds": "sum", "longest": "max", "memory": "max"}
    jobs = pd.DataFrame(rows, columns=["step", *kinds])
    steps = jobs.groupby("step").agg(kinds).reset_index()
    return steps.sort_values(["seconds", "step"], ascending=[False, True], ignore_index=True)


def read_benchmarks(folder: Path, experiments: list[str]) -> dict[str, pd.DataFrame]:
    """Benchmarks of a dataset's jobs, without those of experiments that are not named.

    Parameters
    ----------
    folder : Path
        ``results/benchmarks/<dataset>``.
    experiments : list of str
    """
    return {
        str(path): pd.read_csv(path, sep="\t")
        for path in sorted(folder.glob("**/*.tsv"))
        if path.stat().st_size and belongs(path.relative_to(folder), experiments)
    }


def belongs(path: Path, experiments: list[str]) -> bool:
    """Whether a path below a dataset's folder is of one of these experiments, or of none at all."""
    return path.parts[0] != "experiments" or path.parts[1] in experiments
