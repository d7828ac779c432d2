"""Write down what the files of jobs to come are made with (`plan.step`)."""

import json
from pathlib import Path
from typing import Annotated

import typer

from genregraph.plan.step import write_record


def main(
    planned: Annotated[Path, typer.Option(help="Records that are not there, by path (JSON).")],
) -> None:
    """Write records of what files are made with, in place of older ones of the same steps."""
    for path, content in json.loads(planned.read_text(encoding="utf-8")).items():
        write_record(Path(path), content)
