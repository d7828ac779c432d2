"""What results were made with and what that took, from the records and benchmarks of all jobs."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

Records = Mapping[str, Mapping[str, Any]]
KINDS = {"jobs": "sum", "seconds": "sum", "longest": "max", "memory": "max"}


def steps(records: Records) -> pd.DataFrame:
    """One row a step, by name: how many ``records``, its different ``code``, ``seeds`` in words.

    Records (`plan.step`) are by path ``.../made-with/STEP.DIGEST.json``.
    """
    rows = [
        (Path(path).stem.rpartition(".")[0], record["code"], record["options"].get("seed"))
        for path, record in records.items()
    ]
    groups = pd.DataFrame(rows, columns=["step", "code", "seed"], dtype=object).groupby("step")
    return groups.agg(
        records=("code", "size"),
        code=("code", lambda codes: sorted(set(codes))),
        seeds=("seed", lambda seeds: ", ".join(map(str, sorted(set(seeds) - {None}))) or "-"),
    ).reset_index()


def versions(records: Records) -> dict[str, str]:
    """Locked version of each library that the records name."""
    pairs = (pair for record in records.values() for pair in record["libraries"].items())
    return dict(sorted(pairs))


def read_records(folder: Path, experiments: list[str]) -> dict[str, dict[str, Any]]:
    """Records in the folder of a dataset, of the named experiments or of none."""
    paths = _belonging(folder, "**/made-with/*.json", experiments)
    return {str(path): json.loads(path.read_text(encoding="utf-8")) for path in paths}


def costs(folder: Path, experiments: list[str]) -> pd.DataFrame:
    """Time and memory of each step's jobs, of the named experiments or of none: costliest first.

    Read from ``results/benchmarks/<dataset>``, where Snakemake writes ``.../PACKAGE.STEP.tsv``.
    Seconds are of all jobs together and of the longest, memory is of the largest in MB (NaN: too
    short to be measured).
    """
    rows = []
    for path in _belonging(folder, "**/*.tsv", experiments):
        if path.stat().st_size:  # That of a job that was killed is empty.
            last = pd.read_csv(path, sep="\t", na_values="-").iloc[-1]
            step = ".".join(path.name.split(".")[:2])
            rows.append((step, 1, float(last["s"]), float(last["s"]), float(last["max_rss"])))
    table = pd.DataFrame(rows, columns=["step", *KINDS]).groupby("step").agg(KINDS).reset_index()
    return table.sort_values(["seconds", "step"], ascending=[False, True], ignore_index=True)


def _belonging(folder: Path, pattern: str, experiments: list[str]) -> Iterator[Path]:
    """Files below a dataset's folder that are of one of these experiments, or of none at all."""
    for path in sorted(folder.glob(pattern)):
        parts = path.relative_to(folder).parts
        if parts[0] != "experiments" or parts[1] in experiments:
            yield path
