"""Copy a table or text of the dataset of the run to where the user asked for it."""

import shutil
from pathlib import Path
from typing import Annotated

import typer


def main(
    result: Annotated[Path, typer.Option("--found", help="A result of the dataset.")],
    output: Annotated[Path, typer.Option(help="Its copy, to be written.")],
) -> None:
    """Copy a table or text of the dataset of the run."""
    shutil.copyfile(result, output)
