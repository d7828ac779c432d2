"""Options that several steps of learning share, each said once."""

from pathlib import Path
from typing import Annotated, Literal

import typer

# The fold
InputsFile = Annotated[Path, typer.Option(help="Inputs of the fold (NPZ).")]
GraphFile = Annotated[Path, typer.Option(help="Its graph (SciPy NPZ).")]
Neighbours = Annotated[
    Literal["all", "train"],
    typer.Option(help="Whom clips hear: all, or train, so that test clips join one by one."),
]
Apart = Annotated[bool, typer.Option(help="Groups are held out whole, here as in the folds.")]
Exact = Annotated[int, typer.Option(help="Clips up to which all distances are computed.")]
Seed = Annotated[int, typer.Option(help="The configuration's seed, from which each fold has its.")]
Fold = Annotated[int, typer.Option(help="Which fold, numbered on over repeats.")]

# All folds
InputsFiles = Annotated[list[Path], typer.Argument(help="Inputs of each fold, in order (NPZ).")]
GraphFiles = Annotated[list[Path], typer.Option(help="Its graph (SciPy NPZ); once a fold.")]
Jobs = Annotated[int, typer.Option(min=1, help="Folds that are learnt side by side.")]

# Where
Backend = Annotated[str, typer.Option(help="dgl, torch or auto.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")]
AtOnce = Annotated[int, typer.Option(help="Clips of which more are learnt from by batches.")]

# The network
Layers = Annotated[int, typer.Option(help="Hidden layers.")]
Hidden = Annotated[int, typer.Option(help="Neurons in each.")]
LearningRate = Annotated[float, typer.Option(help="Adam's.")]
Epochs = Annotated[int, typer.Option(help="Passes over the training clips.")]
Messages = Annotated[bool, typer.Option(help="Neighbours send messages.")]
Weights = Annotated[
    Literal["distance", "similarity", "equal"],
    typer.Option(help="What a neighbour counts by; equal: all the same."),
]
Aggregator = Annotated[
    Literal["mean", "dgl_mean"],
    typer.Option(help="mean: sum(w h) / sum(w); dgl_mean: sum(w h) / number of messages."),
]
Normalise = Annotated[bool, typer.Option(help="Scale hidden layers to length 1.")]
AdjacencyAsFeatures = Annotated[bool, typer.Option(help="Rows of the graph beside features.")]
