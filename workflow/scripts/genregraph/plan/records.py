"""Write down what the files of jobs to come are made with (`plan.step`)."""

import json
from pathlib import Path
from typing import Annotated

import typer

from genregraph.common.errors import UserError
from genregraph.config.model import Config
from genregraph.plan.paths import Paths
from genregraph.plan.run import Run
from genregraph.plan.step import write_record
from genregraph.plan.steps import Steps


def main(
    config: Annotated[Path, typer.Option(help="The configuration (JSON).")],
    home: Annotated[Path, typer.Option(help="Folder of the workflow.")],
    records: Annotated[list[Path], typer.Argument(help="Those that are not there, to be written.")],
) -> None:
    """Write records of what files are made with, in place of older ones of the same steps."""
    run = Run(Config.model_validate(json.loads(config.read_text(encoding="utf-8"))), home)
    contents = Steps(run, Paths(run)).records()
    for record in records:
        if str(record) not in contents:
            raise UserError(f"{record}: code or settings changed meanwhile; run it again")
        write_record(record, contents[str(record)])
