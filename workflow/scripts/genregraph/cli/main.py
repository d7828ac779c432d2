"""Command line ``genregraph``: init, check, predict, and the steps of the workflow.

A step is a module with a function ``main`` whose annotated parameters are its options.
"""

import io
import logging
import os
import sys
from collections.abc import Mapping
from pkgutil import resolve_name

import typer

from genregraph.common.code import SCRIPTS, libraries, other_versions
from genregraph.common.errors import UserError
from genregraph.common.logs import start_logging

logger = logging.getLogger(__name__)

ANY_VERSION = "GENREGRAPH_ANY_VERSION"
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
    names = (path.relative_to(SCRIPTS).with_suffix("") for path in SCRIPTS.glob("*/**/*.py"))
    return sorted(name for name in (".".join(path.parts) for path in names) if is_step(name))


def is_step(name: str) -> bool:
    """Whether a dotted name is that of a step."""
    path = SCRIPTS.joinpath(*name.split(".")).with_suffix(".py")
    return path.is_file() and "\ndef main(" in path.read_text(encoding="utf-8")


def check_versions(locked: Mapping[str, str]) -> None:
    """Raise a `UserError` if a step that is imported uses libraries of other versions."""
    if others := other_versions(locked):
        said = f"other versions than those of requirements.lock are used: {others}"
        if not os.environ.get(ANY_VERSION):
            way_out = "unset PYTHONPATH, or remove .venv and run make .venv/ready"
            raise UserError(f"{said}. Results may differ: {way_out}, or set {ANY_VERSION}=1")
        logger.warning(said)


def run() -> None:
    """Run a command or a step; an error that a user can correct ends in one line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # Characters that a terminal cannot show.
    name, *options = sys.argv[1:] or [""]
    is_command = name in COMMANDS
    if not (is_command or is_step(name)):
        print("usage: genregraph COMMAND OPTIONS (--help lists them)")
        print(*(f"  {command:9}{what}" for command, what in COMMANDS.items()), sep="\n")
        print("steps:", *steps(), sep="\n  ")
        sys.exit(name not in ("", "-h", "--help"))
    try:
        if is_command:
            main = resolve_name(f"genregraph.cli.{name}:main")
        else:
            start_logging()
            locked = libraries(name)
            main = resolve_name(f"genregraph.{name}:main")
            check_versions(locked)
        sys.argv = [f"genregraph {name}", *options]
        app = typer.Typer(
            add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
        )
        app.command()(main)
        app()
    except UserError as error:
        sys.exit(f"{'genregraph' if is_command else name}: {error}")
