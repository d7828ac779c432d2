"""Command line ``genregraph``: init, check, predict.

A thin wrapper: the steps are those of the workflow, and run by it.
"""

import sys

import snakemake  # noqa: F401  Commands start it: an environment without it is not ours.
import typer

from genregraph.cli import check, init, predict
from genregraph.common.errors import UserError

app = typer.Typer(
    help="Predict genres of new music, make a dataset of a folder, check before long work.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
app.command("predict")(predict.main)
app.command("init")(init.main)
app.command("check")(check.main)


def run() -> None:
    """Run a command; an error that a user can mend ends in one line."""
    try:
        app()
    except UserError as error:
        sys.exit(f"genregraph: {error}")
