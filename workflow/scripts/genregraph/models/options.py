"""Options that the steps which train models share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

InputsFile = Annotated[Path, typer.Option("--inputs", help="Inputs of all folds (NPZ).")]
Graphs = Annotated[Path, typer.Option(help="Graphs of all folds (NPZ).")]
Experiment = Annotated[str, typer.Option(help="What decides which models there are (JSON).")]
Neighbours = Annotated[Literal["all", "train"], typer.Option(help="Who may be a neighbour.")]
Seed = Annotated[int, typer.Option(help="The configuration's seed, from which each fold has its.")]
Jobs = Annotated[int, typer.Option(min=1, help="Folds that are fitted side by side.")]
Backend = Annotated[str, typer.Option(help="dgl, torch or auto.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")]
