"""Parts of an experiment's configuration: how it is split, its graph and its networks."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from genregraph.config.registry import METRICS

UnknownArtist = Literal["together", "alone", "out"]

OF_ONE_ARTIST = "of one artist"  # What is said of a graph that joins no others.


class Model(BaseModel):
    """A part of the configuration: unknown keys are errors, and so is what is no finite number."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    @model_validator(mode="before")
    @classmethod
    def _null_of_the_command_line(cls, value: Any) -> Any:
        """Snakemake reads null inside a value of ``--config`` as a word."""
        if not isinstance(value, Mapping):
            return value
        return {name: None if each == "null" else each for name, each in value.items()}


class Folds(Model):
    """Folds of protocols paper and kfold."""

    n: int = Field(10, ge=2, le=100)
    """paper: random hold-outs of 33 % of the clips; kfold: folds, no more than the smallest genre's
    clips."""
    repeats: int = Field(1, ge=1, le=100, description="How often clips are split anew.")


class Select(Model):
    """Feature selection by ControlBurn."""

    n_features: int = Field(10, ge=1, description="How many features are kept.")


class Reduce(Model):
    """Dimension reduction of what is selected and scaled."""

    method: Literal["pca", "tsne"] = "pca"
    """pca, or tsne, which cannot place new clips: it embeds all of a fold at once."""
    to: int = Field(2, ge=1, description="Dimensions; tsne takes 3 at most.")

    @model_validator(mode="after")
    def _few_dimensions(self) -> "Reduce":
        if self.method == "tsne" and self.to > 3:
            raise ValueError(f"tsne takes at most 3 dimensions, not {self.to}; use pca or to: 3")
        return self


class Clean(Model):
    """Folds that keep the clips of a group together."""

    folds: int = Field(5, ge=2, le=100, description="Folds; no more than a genre's groups.")
    repeats: int = Field(1, ge=1, le=100, description="How often all groups are split anew.")
    unknown_artist: UnknownArtist = "together"
    """Clips without artist, where others have one: together are one group a genre, alone are a
    group each, out are left out."""


class Graph(Model):
    """The k-nearest-neighbour graph."""

    metric: Literal[METRICS] = "euclidean"  # type: ignore[valid-type]
    """Distance between two clips' inputs."""
    k: int = Field(10, ge=1, description="Neighbours of a clip; at most all other clips.")
    among: Literal["all", "artist"] = "all"
    """Whom a clip may have for a neighbour: all clips, or those known to be of its artist, be they
    training or test clips."""

    @property
    def nearness(self) -> str:
        """By what clips are near, in words."""
        return self.metric if self.among == "all" else f"{self.metric} {OF_ONE_ARTIST}"


class Network(Model):
    """A graph neural network and its training: GraphSAGE's, and that of others beside it."""

    layers: int = Field(1, ge=1, le=8, description="Hidden layers.")
    hidden: int = Field(150, ge=1, description="Neurons of a hidden layer.")
    learning_rate: float = Field(0.001, gt=0, le=1, description="AdamW's learning rate.")
    epochs: int = Field(300, ge=1, description="Passes over the training clips.")
    weight_decay: float = Field(0.0, ge=0, le=100)
    """AdamW's weight decay; search chooses it."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Share of inputs of a layer set to 0; search chooses it."""
    messages: bool = True
    """Neighbours send messages; without, it is the ablation edgeless."""
    k: int | None = Field(None, ge=1)
    """Only the k nearest neighbours of the graph; null: all of them."""
    weights: Literal["distance", "similarity", "equal"] = "similarity"
    """Weight of an edge: its distance, as in the paper (the furthest counts most), its similarity,
    or 1."""
    aggregator: Literal["mean", "dgl_mean"] = "mean"
    """GraphSAGE's. mean: the weighted average of clip and neighbours, sum(w h) / sum(w); dgl_mean:
    DGL's sum(w h) / number of neighbours."""
    normalise: bool = False
    """Scale each clip's hidden layer to length 1, as GraphSAGE's authors do."""
    adjacency_as_features: bool = False
    """Put a clip's row of the adjacency matrix beside its features."""


# Settings that change nothing of a network without messages.
OF_MESSAGES = frozenset({"messages", "k", "weights", "aggregator"})
SEARCHED = ("weight_decay", "dropout")


class Trained(NamedTuple):
    """A network of an experiment."""

    kind: str  # One of `config.registry.NETWORKS`.
    settings: Network
    like: str  # Whose weight decay and dropout it takes; empty: its own, searched or stated.
    ablation: str  # The same network without messages; empty where it is one.
