"""What the jobs of a dataset took, from the benchmarks that Snakemake writes of each."""

from pathlib import Path

import pandas as pd

KINDS = {"jobs": "sum", "seconds": "sum", "longest": "max", "memory": "max"}


def costs(folder: Path, experiments: list[str]) -> pd.DataFrame:
    """Time and memory of each step's jobs, without those of experiments that are not named.

    Parameters
    ----------
    folder : Path
        ``results/benchmarks/<dataset>``, with files ``.../PACKAGE.STEP.tsv``.
    experiments : list of str

    Returns
    -------
    pd.DataFrame
        ``step jobs seconds longest memory``: seconds of all jobs together and of the longest,
        memory of the largest in MB (NaN: too short to be measured); the costliest step first.
    """
    rows = []
    for path in sorted(folder.glob("**/*.tsv")):
        if path.stat().st_size and belongs(path.relative_to(folder), experiments):
            last = pd.read_csv(path, sep="\t", na_values="-").iloc[-1]
            step = ".".join(path.name.split(".")[:2])
            rows.append((step, 1, float(last["s"]), float(last["s"]), float(last["max_rss"])))
    steps = pd.DataFrame(rows, columns=["step", *KINDS]).groupby("step").agg(KINDS).reset_index()
    return steps.sort_values(["seconds", "step"], ascending=[False, True], ignore_index=True)


def belongs(path: Path, experiments: list[str]) -> bool:
    """Whether a path below a dataset's folder is of one of these experiments, or of none at all."""
    return path.parts[0] != "experiments" or path.parts[1] in experiments
