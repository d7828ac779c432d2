"""Write down what the files of jobs to come are made with (`plan.step`)."""

import json
from pathlib import Path
from typing import Annotated

import typer


def main(
    planned: Annotated[Path, typer.Option(help="Records that are not there, by path (JSON).")],
) -> None:
    """Write records of what files are made with, in place of older ones of the same steps."""
    for name, content in json.loads(planned.read_text(encoding="utf-8")).items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        step = path.name.rsplit(".", 2)[0]
        for old in path.parent.glob(f"{step}.*.json"):
            if old.name.rsplit(".", 2)[0] == step:
                old.unlink(missing_ok=True)
        path.write_text(content + "\n", encoding="utf-8")
