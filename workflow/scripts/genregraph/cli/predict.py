"""Predict the genres of files, by the workflow, and print what it says."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from genregraph.cli.project import SNAKEFILE, Configfiles, Words, configured, environment, snakemake
from genregraph.common.errors import UserError
from genregraph.plan import plan
from genregraph.predict.listing import listed

TARGET = "results/predictions.csv"


def main(
    files: Annotated[list[str], typer.Argument(help="Files, and folders of files.")],
    configfile: Configfiles = None,
    config: Words = None,
    cores: Annotated[int | None, typer.Option(help="By default all.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="All that Snakemake says.")] = False,
) -> None:
    """Predict the genres of new music."""
    found = listed(files)
    count = len(found.files) + len(found.unnameable)
    run = configured(configfile or [], config or [])
    if why := plan.why_no_prediction(run, {}):
        raise UserError(why)
    print(
        f"{count} file(s) by {run.predict_by} of {run.dataset}: what is not there yet is computed",
        file=sys.stderr,
    )
    with tempfile.NamedTemporaryFile("w", suffix=".json") as named:
        json.dump({"predict": files}, named)
        named.flush()
        given = [*(configfile or []), Path(named.name)]
        arguments = snakemake(TARGET, given, config or [], cores)
        arguments += ["--verbose"] if verbose else []
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            env=environment(),
            stdout=None if verbose else subprocess.DEVNULL,  # What it ends in stands below.
            check=False,
        )
    if done.returncode:
        raise UserError(f"the workflow failed ({SNAKEFILE}): it says above why")
    print(Path("results", run.dataset, "predictions.txt").read_text(encoding="utf-8"), end="")
    print(f"The table: {TARGET}; pieces, neighbours and curves: results/{run.dataset}/predictions/")
    if pd.read_csv(TARGET, usecols=["pieces"]).empty:
        raise typer.Exit(1)
