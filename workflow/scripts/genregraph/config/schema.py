"""Write the configuration's JSON schema, with which editors complete and check the YAML files."""

import json
from pathlib import Path
from typing import Annotated

import typer

from genregraph.config.model import Config

SCHEMA = Path("config/config.schema.json")


def main(output: Annotated[Path, typer.Option(help="File to write.")] = SCHEMA) -> None:
    """Write the configuration's JSON schema."""
    text = json.dumps(Config.model_json_schema(), indent=2) + "\n"
    output.write_text(text.replace("\\n", " "), encoding="utf-8")  # Inside descriptions.
