"""Take a table or text of the dataset of the run to where the user asked for it, and print it."""

import shutil
from pathlib import Path
from typing import Annotated

import typer


def main(
    found: Annotated[Path, typer.Option(help="What was computed of the dataset.")],
    output: Annotated[Path, typer.Option(help="Its copy, to be written.")],
    text: Annotated[Path | None, typer.Option(help="What to print of it.")] = None,
) -> None:
    """Copy a table or text of the dataset of the run, and print what there is to say of it."""
    shutil.copyfile(found, output)
    if text:
        print(text.read_text(encoding="utf-8"), end="")
    print(f"{output}: copy of {found}")
