"""Predict the genres of files, by the workflow, and print what it says."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from genregraph.cli.project import SNAKEFILE, Configfiles, Words, configured, snakemake
from genregraph.common.errors import UserError
from genregraph.datasets.listing import listed
from genregraph.plan.runnable import why_no_prediction

TARGET = "results/predictions.csv"


def main(
    files: Annotated[list[str], typer.Argument(help="Files, and folders of files.")],
    configfile: Configfiles = None,
    config: Words = None,
    cores: Annotated[int | None, typer.Option(help="By default all.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="All that Snakemake says.")] = False,
) -> None:
    """Predict the genres of new music."""
    new = listed(files)
    run = configured(configfile or [], config or [])
    if why := why_no_prediction(run, {}):
        raise UserError(why)
    count, by = len(new.files) + len(new.unnameable), f"{run.predict_by} of {run.dataset}"
    print(f"{count} file(s) by {by}: what is not there yet is computed", file=sys.stderr)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as named:
        json.dump({"predict": files}, named)
        named.flush()
        given = [*(configfile or []), Path(named.name)]
        arguments = snakemake(TARGET, given, config or [], cores)
        status = run_snakemake(arguments + ["--verbose"] * verbose, verbose)
    if status:
        raise UserError(f"the workflow failed ({SNAKEFILE}): it says above why")
    print(Path("results", run.dataset, "predictions.txt").read_text(encoding="utf-8"), end="")
    print(f"The table: {TARGET}; pieces and neighbours: results/{run.dataset}/predictions/")
    if pd.read_csv(TARGET, usecols=["pieces"]).empty:
        raise typer.Exit(1)


def run_snakemake(arguments: list[str], verbose: bool) -> int:
    """Run Snakemake, and no module of the folder at hand.

    On Ctrl-C, which reaches it too, it is waited for: it ends its jobs and unlocks the folder.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "snakemake", *arguments],
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        stdout=None if verbose else subprocess.DEVNULL,
    ) as running:
        try:
            return running.wait()
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Should it be sent once more.
            running.wait()
            raise UserError("interrupted; the same command goes on where it stopped") from None
