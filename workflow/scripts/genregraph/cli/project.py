"""The configuration and the commands of a run, as the workflow itself has them."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from snakemake.cli import parse_config

from genregraph.common.errors import UserError
from genregraph.config.load import load, merged, over, read_yaml
from genregraph.config.model import Config

HOME = Path(__file__).resolve().parents[4]
SNAKEFILE = HOME / "Snakefile"
TARGET = "results/multiclass_knn.csv"
REPORT = "results/report.html"  # Of a table: which experiment there is depends on its name.

# Options as of Snakemake.
Configfiles = Annotated[list[Path] | None, typer.Option("--configfile", help="May be repeated.")]
Words = Annotated[list[str] | None, typer.Option("--config", help="KEY=VALUE; may be repeated.")]


def configured(files: Sequence[Path], words: Sequence[str]) -> Config:
    """The configuration of a run with these options; a `UserError` names all its faults."""
    given = reduce(over, map(read_yaml, files), dict[str, Any]())
    try:
        parsed = parse_config(list(words))
    except ValueError as error:
        raise UserError(f"--config: {error}") from None
    return load(merged([HOME, Path()], over(given, parsed)))


def snakemake(
    target: str, files: Sequence[Path] = (), words: Sequence[str] = (), cores: int | None = None
) -> list[str]:
    """Snakemake's arguments for a target; with the Snakefile where it would not find it itself."""
    here = Path("Snakefile").exists() and Path("Snakefile").resolve() == SNAKEFILE
    return [
        *([] if here else ["--snakefile", os.path.relpath(SNAKEFILE)]),
        *("--cores", str(cores or os.cpu_count() or 1), target),
        *(["--configfile", *map(str, files)] if files else []),
        *(["--config", *words] if words else []),
    ]


def as_typed_by_hand(arguments: Sequence[str]) -> str:
    """A command of Snakemake's as it can be typed into this terminal."""
    own = Path(sys.executable).with_name("snakemake")
    return shlex.join(["snakemake" if shutil.which("snakemake") else str(own), *arguments])


def write_configuration(sheet: Path, **stated: Any) -> None:
    """Write the configuration of a dataset, next to its sheet."""
    stated = {"dataset": sheet.stem, "sheet": sheet.as_posix(), **stated}
    text = yaml.safe_dump(stated, sort_keys=False, allow_unicode=True)
    head = "# Of genregraph init; to be named after --configfile. It may be changed."
    sheet.with_suffix(".yaml").write_text(f"{head}\n{text}", encoding="utf-8")
