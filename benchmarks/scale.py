"""What 100,000 clips take: their graph, ten epochs of GraphSAGE, and the plan of large datasets.

    python benchmarks/scale.py

Each row is a process of its own: the workflow's step as a rule runs it, on one thread. Inputs are
57 features of noise about ten genres. Training trains the ablation without messages, too. Plans are
those of `snakemake --dry-run results/multiclass_compare.csv` on clips without results.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import typer

from genregraph.common.code import SCRIPTS
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.preprocessing.inputs import Inputs, save_inputs

ROOT = Path(__file__).resolve().parents[1]
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
GENRES, FEATURES, K = 10, 57, 10
EXPERIMENT = {"models": [], "search": False, "graphsage": {"epochs": 10, "weights": "distance"}}
NETWORK = [
    *("--neighbours=all", "--seed=0", "--backend=torch", "--device=cpu"),
    f"--experiment={json.dumps(EXPERIMENT)}",
]
SEARCH = ["--neighbours=all", "--among=all", "--metric=euclidean", f"--k={K}", "--seed=0"]


def measured(name: str, command: list[str], folder: Path) -> dict[str, Any]:
    """Seconds and megabytes of a command in a folder, and CPU seconds of all that it starts."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{name}: failed")
    seconds = time.perf_counter() - start
    cpu = used.ru_utime + used.ru_stime
    return {"what": name, "seconds": seconds, "CPU": cpu, "MB": used.ru_maxrss / 1000}


def step(name: str, *options: str) -> list[str]:
    """Command that runs a step of the workflow."""
    return [sys.executable, str(SCRIPTS), name, *options]


def write_inputs(clips: int, path: Path) -> None:
    """Inputs of a fold of so many clips, nine tenths of them for training."""
    rng = np.random.default_rng(0)
    y = rng.integers(GENRES, size=clips)
    x = rng.normal(size=(clips, FEATURES)) + rng.normal(size=(GENRES, FEATURES))[y]
    names = [np.arange(each).astype(str) for each in (clips, GENRES, FEATURES)]
    alone, artists = names[0], names[0]
    fold = Inputs(x.astype(np.float32), y, rng.random(clips) < 0.9, *names, alone, artists)
    save_inputs(path, [fold], [(0, 0)])


def of_graph(clips: int, folder: Path) -> list[dict[str, Any]]:
    """The graph, and training on it."""
    write_inputs(clips, folder / "inputs.npz")
    search = step("graph.adjacency", "--inputs=inputs.npz", *SEARCH)
    outputs = ["--output=graph.npz", "--table=health.csv"]
    train = step("models.fit", "--inputs=inputs.npz", "--graphs=graph.npz", *NETWORK)
    print(f"{clips:,} clips, {FEATURES} features, k {K}")
    return [
        measured("graph", [*search, *outputs], folder),
        measured("ten epochs", [*train, "--output=models"], folder),
    ]


def of_plan(clips: int, folder: Path) -> dict[str, Any]:
    """The plan of a dataset of so many clips."""
    rows = [
        Row(f"{genre}.{i}", f"g{genre}/{i}.wav", f"g{genre}", artist=f"{genre} {i // 3}")
        for genre in range(GENRES)
        for i in range(clips // GENRES)
    ]
    write_sheet(rows, folder / f"{clips}.tsv")
    for row in rows:
        path = folder / f"audio-{clips}" / row.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(row.clip.encode())
    config = ["--config", f"sheet={clips}.tsv", f"audio=audio-{clips}", "dataset=planned"]
    planned = ["--dry-run", "--quiet=all", "results/multiclass_compare.csv", *config]
    return measured(f"plan of {clips:,} clips", [*SNAKEMAKE, *planned], folder)


def main(clips: int = 100_000) -> None:
    """Print seconds and megabytes, and sums with their aims."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [*of_graph(clips, folder), *(of_plan(n, folder) for n in (1000, 10_000))]
    table = pd.DataFrame(rows).set_index("what").round(1)
    print(table.to_string())
    both = table.loc[["graph", "ten epochs"]]
    print(f"graph and ten epochs: {both['seconds'].sum():.0f} s (aim <= 300), ", end="")
    print(f"{both['MB'].max():.0f} MB (aim <= 4000)")
    plans = table.loc[["plan of 1,000 clips", "plan of 10,000 clips"], "seconds"].tolist()
    print("plans: {:.1f} s (aim <= 3), {:.1f} s (aim <= 6)".format(*plans))


if __name__ == "__main__":
    typer.run(main)
