"""Outputs of steps: whole, or not there.

What a step writes is written aside, under its own name in a folder of its own, and renamed when the
step has ended well. Whoever is killed leaves no half file under the right name, also where results
are copied or Snakemake has lost its memory; and a step that outlives a killed run cannot write into
what a new one has made meanwhile.
"""

import contextlib
import functools
import glob
import inspect
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from typer.models import OptionInfo

ASIDE = ".part-"
WRITTEN = "to be written"  # What the help of an output says.


def outputs(main: Callable[..., None]) -> list[str]:
    """Names of the parameters of a step that are files or folders it writes, as their help says."""
    parameters = inspect.signature(main, eval_str=True).parameters
    return [
        name
        for name, parameter in parameters.items()
        for each in getattr(parameter.annotation, "__metadata__", ())
        if isinstance(each, OptionInfo) and f", {WRITTEN}" in (each.help or "")
    ]


def whole(main: Callable[..., None]) -> Callable[..., None]:
    """A step whose outputs are there when it has ended well, and else as they were.

    Parameters
    ----------
    main : callable
        Takes paths of its outputs by name, as typer hands them over.
    """
    names = outputs(main)

    @functools.wraps(main)
    def aside(**options: Any) -> None:
        with contextlib.ExitStack() as stack:
            parts = {
                name: stack.enter_context(_part(options[name]))
                for name in names
                if replaceable(options[name])
            }
            main(**{**options, **parts})
            for name, part in parts.items():
                if options[name].is_dir():
                    shutil.rmtree(options[name])
                part.replace(options[name])

    return aside


def final(path: Path) -> Path:
    """Where an output will lie, as a step sees it while it is written aside.

    Examples
    --------
    >>> str(final(Path("results/.part-a.csv-x1/a.csv"))), str(final(Path("results/a.csv")))
    ('results/a.csv', 'results/a.csv')
    """
    return path.parents[1] / path.name if path.parent.name.startswith(ASIDE) else path


def replaceable(path: Path | None) -> bool:
    """Whether a file or folder may be put in a path's place: not where a device or a link is."""
    if path is None or path.is_symlink():
        return False
    return path.is_file() or path.is_dir() or not path.exists()


@contextlib.contextmanager
def _part(path: Path) -> Iterator[Path]:
    """Where a file is written meanwhile; what one who was killed left there is removed."""
    prefix = f"{ASIDE}{path.name}-"
    for left in path.parent.glob(f"{glob.escape(prefix)}*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=path.parent))
    try:
        yield folder / path.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)
