"""An experiment of the configuration: how clips are split, its inputs, graph and models."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from genregraph.config.registry import COMPARED, METRICS, NETWORKS, ablation_name

Protocol = Literal["paper", "kfold", "random", "clean", "inductive", "filtered"]
Word = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
UnknownArtist = Literal["together", "alone", "out"]


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
        return self.metric if self.among == "all" else f"{self.metric} of one artist"


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


class Experiment(Model):
    """One experiment: data, inputs, graph and model."""

    description: str = Field("", description="What it is, in a sentence.")
    cut: Literal["30s", "3s"] = Field("30s", description="Whole clips, or segments of 3 s.")
    genres: list[str] = Field([], description="Only these genres; empty: all of the dataset.")
    tables: list[Word] = Field(["handcrafted"], min_length=1, description="Feature tables, joined.")
    drop: list[str] = Field([], description="Columns to leave out.")
    scale: Literal["standard", "minmax", "none"] = "standard"
    """How each feature is scaled."""
    select: Select | None = Field(None, description="ControlBurn; null: keep all features.")
    reduce: Reduce | None = Field(None, description="PCA or t-SNE; null: keep all dimensions.")
    protocols: list[Protocol] = Field(["paper", "clean"], min_length=1)
    """How it is evaluated."""
    folds: Folds = Field(Folds(), description="Folds of protocols paper and kfold.")
    clean: Clean = Field(Clean(), description="Folds of protocols random, clean and inductive.")
    graph: Graph = Field(Graph(), description="The graph.")
    models: list[Literal[COMPARED]] = Field(  # type: ignore[valid-type]
        [name for name in COMPARED if name not in NETWORKS]
    )
    """What GraphSAGE is compared with, beside itself without messages (edgeless): other networks,
    and classifiers, which are tuned inside the training clips."""
    graphsage: Network = Field(Network(), description="GraphSAGE, and what other networks share.")
    search: bool = True
    """Choose weight decay and dropout of each network inside the training clips of each fold."""
    calibrate: Literal["none", "temperature"] = "none"
    """temperature: probabilities of each model are also given at a temperature that is fitted
    inside the training clips of each fold."""
    variants: dict[Word, dict[str, Any]] = Field({})
    """By name, settings in which other networks differ from graphsage (or, with model: gcn, from
    that): trained on the same folds, with the weight decay and dropout of the network that they
    vary."""
    note: str = ""
    """What to know of its numbers under protocol paper, for the summary."""
    paper_test_accuracy: float | None = Field(None, ge=0, le=1, description="The paper's number.")

    @field_validator("tables")
    @classmethod
    def _each_table_once(cls, value: list[str]) -> list[str]:
        if len(set(value)) < len(value):
            raise ValueError("a table can be joined only once")
        return value

    @model_validator(mode="after")
    def _variants_are_networks(self) -> "Experiment":
        taken = {*COMPARED, *NETWORKS, *(ablation_name(name) for name in NETWORKS)}
        for name, differs in self.variants.items():
            if name in taken or name.endswith("_edgeless"):
                raise ValueError(f"variants.{name}: a model is called so already; rename it")
            base = differs.get("model", NETWORKS[0])
            if base not in self.kinds:
                raise ValueError(f"variants.{name}.model: name the network {base} under models")
            try:
                self.variant(name)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(["variants", name, *map(str, first["loc"])])
                raise ValueError(f"{where}: {first['msg']}") from None
        return self

    @model_validator(mode="after")
    def _new_clips_have_a_place(self) -> "Experiment":
        networks = [each.settings for each in self.networks().values()]
        if "inductive" in self.protocols and (why := self.why_no_place(networks)):
            raise ValueError(f"{why}, or leave out inductive")
        return self

    @model_validator(mode="after")
    def _temperatures_are_fitted_inside(self) -> "Experiment":
        outside = [*(["select"] if self.select else []), *(["cnn"] if "cnn" in self.tables else [])]
        if self.calibrate != "none" and outside:
            said = "fits the inputs to the genres of all training clips: set calibrate: none"
            raise ValueError(f"{' and '.join(outside)} {said}")
        return self

    def why_no_place(self, networks: Iterable[Network]) -> str:
        """Why a clip that comes after training has no place in networks; empty if it has."""
        why = ""
        if any(network.adjacency_as_features for network in networks):
            why = "has no column in the adjacency matrix: set adjacency_as_features: false"
        elif self.graph.among == "artist":
            why = "has no neighbour of its artist, as artists are kept apart: set graph: among: all"
        elif self.reduce and self.reduce.method == "tsne":
            why = "cannot be placed by t-SNE: set reduce: method: pca"
        return why and f"a clip that comes after training {why}"

    @property
    def kinds(self) -> list[str]:
        """Kinds of networks: GraphSAGE, and those under models."""
        return [NETWORKS[0], *(name for name in self.models if name in NETWORKS)]

    def at_most(self, folds: int | None, epochs: int | None) -> "Experiment":
        """The same with at most so many folds or hold-outs, of one repeat, and so many epochs."""
        less: dict[str, Model] = {}
        if folds:
            clean = {"folds": min(self.clean.folds, folds), "repeats": 1}
            less["folds"] = Folds(n=min(self.folds.n, folds))
            less["clean"] = self.clean.model_copy(update=clean)
        if epochs:
            few = {"epochs": min(self.graphsage.epochs, epochs)}
            less["graphsage"] = self.graphsage.model_copy(update=few)
        return self.model_copy(update=less)

    def variant(self, name: str) -> Network:
        """Settings of a variant's network."""
        differs = {key: value for key, value in self.variants[name].items() if key != "model"}
        return Network.model_validate({**self.graphsage.model_dump(), **differs})

    def networks(self) -> dict[str, Trained]:
        """Networks of the experiment by name, each before those that are like it.

        An ablation differs from its network in nothing but the messages. A variant has one of its
        own where it changes more than the messages.
        """
        found: dict[str, Trained] = {}
        asked: dict[str, dict[str, Any]] = {kind: {"model": kind} for kind in self.kinds}
        for name, differs in (asked | self.variants).items():
            kind, is_variant = differs.get("model", NETWORKS[0]), name in self.variants
            settings = self.variant(name) if is_variant else self.graphsage
            has_own = not is_variant or bool(differs.keys() - OF_MESSAGES - {"model"})
            is_searched = is_variant and differs.keys().isdisjoint(SEARCHED)
            like, like_silent = (kind, ablation_name(kind)) if is_searched else ("", "")
            ablation = ablation_name(name if has_own else kind)
            if settings.messages:
                found[name] = Trained(kind, settings, like, ablation)
            else:
                found[name] = Trained(kind, settings, like_silent, "")
            if has_own and (settings.messages or not is_variant):
                silent = settings.model_copy(update={"messages": False})
                found[ablation] = Trained(kind, silent, like_silent, "")
        return found
