"""Run one step: ``python -m genregraph PACKAGE.STEP OPTIONS`` (``--help`` lists the options).

A step is a module with a function ``main`` whose annotated parameters are its options. Errors that
a user can mend (`common.errors.UserError`) end in one line; all else ends in a traceback.
"""

import importlib
import os
import sys
from pathlib import Path

import typer

PACKAGE = Path(__file__).parent
# Rules start this folder as a program, where the package is not installed.
if not __package__:
    sys.path[0] = str(PACKAGE.parent)

from genregraph.common.errors import UserError  # noqa: E402
from genregraph.common.logs import start_logging  # noqa: E402

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


def run(step: str, options: list[str]) -> None:
    """Import a step and hand it its command line."""
    start_logging()
    main = importlib.import_module(f"genregraph.{step}").main
    sys.argv = [f"genregraph {step}", *options]
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    try:
        app()
    except UserError as error:
        sys.exit(f"{step}: {error}")


if __name__ == "__main__":
    _, *arguments = sys.argv
    if not arguments or arguments[0] not in steps():
        sys.exit(
            "usage: python -m genregraph PACKAGE.STEP OPTIONS\nsteps:\n  " + "\n  ".join(steps())
        )
    run(arguments[0], arguments[1:])
