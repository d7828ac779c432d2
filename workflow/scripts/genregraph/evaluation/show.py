"""Take a table or text of the dataset of the run to where the user asked for it.

What there is to say of it, `plan.terminal` says when all is done.
"""

import shutil
from pathlib import Path
from typing import Annotated

import typer


def main(
    found: Annotated[Path, typer.Option(help="What was computed of the dataset.")],
    output: Annotated[Path, typer.Option(help="Its copy, to be written.")],
) -> None:
    """Copy a table or text of the dataset of the run."""
    shutil.copyfile(found, output)
