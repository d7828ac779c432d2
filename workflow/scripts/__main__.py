"""Run one step: ``python workflow/scripts ROOM.STEP OPTIONS`` (``--help`` lists the options).

``--cache=FOLDER`` before the step takes its result from a folder, if it was computed before
(`settings.store`).

A step is a module with a function ``main`` whose annotated parameters are its options. Errors that
a user can mend (`settings.errors.UserError`) end in one line; all else ends in a traceback.
"""

import importlib
import os
import sys
from pathlib import Path

import typer

from settings.errors import UserError
from settings.logs import start_logging
from settings.store import stored
from settings.whole import whole

# Libraries read these when a step first imports them. A step's arithmetic must not depend on how
# many cores happen to be free, and DGL would otherwise write to the user's home.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("DGLBACKEND", "pytorch")


def steps() -> list[str]:
    """Names of all steps, ``room.step``."""
    scripts = Path(__file__).parent
    return sorted(
        f"{path.parent.name}.{path.stem}"
        for path in scripts.glob("*/*.py")
        if "\ndef main(" in path.read_text(encoding="utf-8")
    )


def run(step: str, options: list[str], cache: str = "") -> None:
    """Import a step and hand it its command line."""
    start_logging()
    main = importlib.import_module(step).main
    if cache:
        main = stored(Path(cache), step, main)
    main = whole(main)
    sys.argv = [f"python workflow/scripts {step}", *options]
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    try:
        app()
    except UserError as error:
        sys.exit(f"{step}: {error}")


if __name__ == "__main__":
    _, *arguments = sys.argv
    cache = ""
    if arguments and arguments[0].startswith("--cache="):
        cache = arguments.pop(0).removeprefix("--cache=")
    if not arguments or arguments[0] not in steps():
        sys.exit(
            "usage: python workflow/scripts [--cache=FOLDER] ROOM.STEP OPTIONS\nsteps:\n  "
            + "\n  ".join(steps())
        )
    run(arguments[0], arguments[1:], cache)
