"""An experiment of the configuration."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from genregraph.config.parts import (
    OF_MESSAGES,
    SEARCHED,
    Clean,
    Folds,
    Graph,
    Model,
    Network,
    Reduce,
    Select,
    Trained,
)
from genregraph.config.registry import (
    CLASSIFIERS,
    COMBINED,
    COMPARED,
    NETWORKS,
    ablation_name,
)

Cut = Literal["30s", "3s"]
Protocol = Literal["paper", "kfold", "random", "clean", "inductive", "filtered"]
Scale = Literal["standard", "minmax", "none"]
Word = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]


class Experiment(Model):
    """One experiment: data, inputs, graph and model."""

    description: str = Field("", description="What it is, in a sentence.")
    cut: Cut = Field("30s", description="Whole clips, or segments of 3 s.")
    genres: list[str] = Field([], description="Only these genres; empty: all of the dataset.")
    tables: list[Word] = Field(["handcrafted"], min_length=1, description="Feature tables, joined.")
    drop: list[str] = Field([], description="Columns to leave out.")
    scale: Scale = Field("standard", description="How each feature is scaled.")
    select: Select | None = Field(None, description="ControlBurn; null: keep all features.")
    reduce: Reduce | None = Field(None, description="PCA or t-SNE; null: keep all dimensions.")
    protocols: list[Protocol] = Field(["paper", "clean"], min_length=1)
    """How it is evaluated."""
    folds: Folds = Field(Folds(), description="Folds of protocols paper and kfold.")
    clean: Clean = Field(Clean(), description="Folds of protocols random, clean and inductive.")
    graph: Graph = Field(Graph(), description="The graph.")
    models: list[Literal[COMPARED]] = Field(  # type: ignore[valid-type]
        [*CLASSIFIERS, "label_spreading", *COMBINED]
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
                raise ValueError(
                    f"variants.{name}.model: {base} is no network of this experiment; name it "
                    "under models"
                )
            try:
                self.variant(name)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(["variants", name, *map(str, first["loc"])])
                raise ValueError(f"{where}: {first['msg']}") from None
        return self

    @model_validator(mode="after")
    def _new_clips_have_a_place(self) -> "Experiment":
        why = ""
        if any(each.settings.adjacency_as_features for each in self.networks().values()):
            why = "has no column in the adjacency matrix: set adjacency_as_features: false"
        elif self.graph.among == "artist":
            why = "has no neighbour of its artist, as artists are kept apart: set graph: among: all"
        elif self.reduce and self.reduce.method == "tsne":
            why = "cannot be placed by t-SNE: set reduce: method: pca"
        if why and "inductive" in self.protocols:
            raise ValueError(f"a clip that comes after training {why}, or leave out inductive")
        return self

    @model_validator(mode="after")
    def _temperatures_are_fitted_inside(self) -> "Experiment":
        outside = ["select"] * bool(self.select) + ["cnn"] * ("cnn" in self.tables)
        if self.calibrate != "none" and outside:
            raise ValueError(
                f"{' and '.join(outside)} fits the inputs to the genres of all training clips, so "
                "that none of them is left to fit a temperature to: set calibrate: none"
            )
        return self

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
        silent = {"messages": False}
        for kind in self.kinds:
            ablation = ablation_name(kind) if self.graphsage.messages else ""
            found[kind] = Trained(kind, self.graphsage, "", ablation)
            own = self.graphsage.model_copy(update=silent)
            found[ablation_name(kind)] = Trained(kind, own, "", "")
        for name, differs in self.variants.items():
            kind, settings = differs.get("model", NETWORKS[0]), self.variant(name)
            is_searched = differs.keys().isdisjoint(SEARCHED)
            like, like_silent = (kind, ablation_name(kind)) if is_searched else ("", "")
            if not settings.messages:
                found[name] = Trained(kind, settings, like_silent, "")
                continue
            is_another = bool(differs.keys() - OF_MESSAGES - {"model"})
            ablation = ablation_name(name if is_another else kind)
            found[name] = Trained(kind, settings, like, ablation)
            if is_another:
                alone = settings.model_copy(update=silent)
                found[ablation] = Trained(kind, alone, like_silent, "")
        return found
