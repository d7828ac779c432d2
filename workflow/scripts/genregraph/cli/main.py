"""Command line ``genregraph``: init, check, predict, and the steps of the workflow.

A step is a module with a function ``main`` whose annotated parameters are its options.
"""

import io
import os
import sys
from pathlib import Path
from pkgutil import resolve_name

import typer

from genregraph.common.errors import UserError
from genregraph.common.logs import start_logging

PACKAGE = Path(__file__).parents[1]
COMMANDS = {
    "init": "make a dataset of a folder of music or of a table of features",
    "check": "find everything that can be wrong before long work",
    "predict": "predict the genres of new music",
}

# Libraries read these when a step first imports them. A step's arithmetic must not depend on how
# many cores happen to be free, and DGL would otherwise write to the user's home.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("DGLBACKEND", "pytorch")


def steps() -> list[str]:
    """Dotted names of all steps."""
    return sorted(
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for path in PACKAGE.glob("*/**/*.py")
        if "\ndef main(" in path.read_text(encoding="utf-8")
    )


def run() -> None:
    """Run a command or a step; an error that a user can correct ends in one line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # Characters that a terminal cannot show.
    name, *options = sys.argv[1:] or [""]
    is_command = name in COMMANDS
    if not is_command and name not in steps():
        print("usage: genregraph COMMAND OPTIONS (--help lists them)")
        print(*(f"  {command:9}{what}" for command, what in COMMANDS.items()), sep="\n")
        print("steps:", *steps(), sep="\n  ")
        sys.exit(name not in ("", "-h", "--help"))
    if not is_command:
        start_logging()
    main = resolve_name(f"genregraph.{'cli.' if is_command else ''}{name}:main")
    sys.argv = [f"genregraph {name}", *options]
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(main)
    try:
        app()
    except UserError as error:
        sys.exit(f"{'genregraph' if is_command else name}: {error}")
