"""Write the configuration's JSON schema, with which editors complete and check the YAML files."""

import json
from pathlib import Path
from typing import Annotated

import typer

from genregraph.config.model import Config


def schema() -> str:
    """JSON schema of the configuration, as text that ends in a newline."""
    text = json.dumps(Config.model_json_schema(), indent=2) + "\n"
    return text.replace("\\n", " ")  # Inside descriptions.


def main(
    output: Annotated[Path, typer.Option(help="File to write.")] = Path(
        "config/config.schema.json"
    ),
) -> None:
    """Write the configuration's JSON schema."""
    output.write_text(schema(), encoding="utf-8")
