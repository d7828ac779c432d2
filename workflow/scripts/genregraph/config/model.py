"""The configuration as a typed model: the single source of keys, defaults, bounds and help texts.

``config/config.yaml`` and ``config/experiments.yaml`` hold the same keys with comments, and
``config/config.schema.json`` is generated from here (`config.schema`) for editors.
"""

import difflib
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from genregraph.common.errors import UserError
from genregraph.config.registry import (
    CLASSIFIERS,
    COMBINED,
    COMPARED,
    METRICS,
    NETWORKS,
    ablation_name,
)

Cut = Literal["30s", "3s"]
Ending = Annotated[str, Field(pattern=r"^\.[a-z0-9]+$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
# Files that stand beside an experiment's NAME.csv.
RESERVED = "summary comparisons tuning learning-curve predictions findings report".split()
Protocol = Literal["paper", "kfold", "random", "clean", "inductive", "filtered"]
UnknownArtist = Literal["together", "alone", "out"]
Scale = Literal["standard", "minmax", "none"]
Word = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
if TYPE_CHECKING:
    Compared = str
    Metric = str
else:
    Compared, Metric = Literal[COMPARED], Literal[METRICS]

OF_ONE_ARTIST = "of one artist"  # What is said of a graph that joins no others.


class Model(BaseModel):
    """A part of the configuration: unknown keys are errors, and so is what is no finite number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _null_of_the_command_line(cls, value: Any) -> Any:
        """Snakemake reads null inside a value of ``--config`` as a word."""
        if not isinstance(value, Mapping):
            return value
        nullable = {
            name
            for name, field in cls.model_fields.items()
            if type(None) in getattr(field.annotation, "__args__", ())
        }
        return {
            name: None if each == "null" and name in nullable else each
            for name, each in value.items()
        }


class Archive(Model):
    """A published archive of a dataset's audio."""

    urls: list[str] = Field(description="Addresses or local paths, tried in this order.")
    md5: str | None = Field(None, pattern=r"^[0-9a-f]{32}$", description="MD5 of the archive.")
    sha1: str | None = Field(
        None, pattern=r"^[0-9a-f]{40}$", description="SHA-1 of it, where that is what is published."
    )
    filename: str = Field(
        pattern=r"^[^/]+\.(tar\.gz|tgz|tar|zip)$", description="Name of the archive's file."
    )

    @model_validator(mode="after")
    def _has_a_checksum(self) -> "Archive":
        if not (self.md5 or self.sha1):
            raise ValueError("md5 or sha1 must say which archive it is")
        return self

    @property
    def checksum(self) -> str:
        """SHA-1 or MD5, which differ in length."""
        return self.sha1 or self.md5 or ""


class Dataset(Model):
    """What the workflow knows of a dataset beside its sheet."""

    shards: int | None = Field(
        None,
        ge=1,
        le=4096,
        description="Into how many shards clips are dealt; by default so many that a shard has "
        "some tens of clips. A number keeps them as they are where clips are added over time.",
    )
    synthesised: bool = Field(False, description="Made by the workflow; the numbers are no music.")
    archive: Archive | None = Field(None, description="Where the audio is published.")
    endings: list[Ending] = Field(
        [],
        description="Endings with which it goes about: where a file with one of them is missing, "
        "that with another stands in.",
    )
    most_folds: int | None = Field(
        None,
        ge=2,
        description="At most so many folds or hold-outs, of one repeat, in every experiment: the "
        "numbers of synthesised clips mean nothing, and a demo should be quick.",
    )
    of_the_paper: bool = Field(
        False, description="The clips that the paper had: its numbers stand beside those found."
    )


class Audit(Model):
    """Which clips are refused."""

    shortest: float = Field(
        1.0, ge=0.1, description="Seconds; shorter clips are refused: features need some frames."
    )
    silence: float = Field(
        1e-4,
        ge=0,
        lt=1,
        description="Clips whose samples all lie within this of their mean are refused.",
    )
    longest: float = Field(
        600.0,
        ge=1,
        description="Seconds; of longer clips the beginning is used, so that memory is bounded.",
    )


class Features(Model):
    """How features are computed."""

    profile: Literal["kaggle", "librosa"] = Field(
        "kaggle",
        description="kaggle: the published 57-feature table's values; librosa: today's defaults.",
    )


class Cnn(Model):
    """How the CNN is trained whose embedding is the table ``cnn``."""

    epochs: int = Field(30, ge=1, description="Passes over the training clips, at most.")
    patience: int = Field(6, ge=1, description="Epochs without a smaller loss before it stops.")
    learning_rate: float = Field(0.001, gt=0, le=1, description="AdamW's learning rate.")


class Folds(Model):
    """Folds of protocols paper and kfold."""

    n: int = Field(
        10,
        ge=2,
        le=100,
        description="paper: random hold-outs of 33 % of the clips; kfold: folds, no more than the "
        "smallest genre's clips.",
    )
    repeats: int = Field(1, ge=1, le=100, description="How often clips are split anew.")


class Select(Model):
    """Feature selection by ControlBurn."""

    n_features: int = Field(10, ge=1, description="How many features are kept.")


class Reduce(Model):
    """Dimension reduction of what is selected and scaled."""

    method: Literal["pca", "tsne"] = Field(
        "pca",
        description="pca, or tsne, which cannot place new clips: it embeds all of a fold at once.",
    )
    to: int = Field(2, ge=1, description="Dimensions; tsne takes 3 at most.")

    @model_validator(mode="after")
    def _few_dimensions(self) -> "Reduce":
        if self.method == "tsne" and self.to > 3:
            raise ValueError(f"tsne takes at most 3 dimensions, not {self.to}; use pca or to: 3")
        return self


class Clean(Model):
    """Folds that keep the clips of a group together."""

    folds: int = Field(5, ge=2, le=100, description="Folds; no more than a genre's groups.")
    repeats: int = Field(1, ge=1, le=100, description="How often all groups are dealt anew.")
    unknown_artist: UnknownArtist = Field(
        "together",
        description="Clips without artist, where others have one: together are one group a genre, "
        "alone are a group each, out are left out.",
    )


class Graph(Model):
    """The k-nearest-neighbour graph."""

    metric: Metric = Field("euclidean", description="Distance between two clips' inputs.")
    k: int = Field(10, ge=1, description="Neighbours of a clip; at most all other clips.")
    among: Literal["all", "artist"] = Field(
        "all",
        description="Whom a clip may have for a neighbour: all clips, or those known to be of its "
        "artist, be they training or test clips.",
    )

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
    weight_decay: float = Field(
        0.0, ge=0, le=100, description="AdamW's weight decay; search chooses it."
    )
    dropout: float = Field(
        0.0, ge=0, lt=1, description="Share of inputs of a layer set to 0; search chooses it."
    )
    messages: bool = Field(
        True, description="Neighbours send messages; without, it is the ablation edgeless."
    )
    k: int | None = Field(
        None, ge=1, description="Only the k nearest neighbours of the graph; null: all of them."
    )
    weights: Literal["distance", "similarity", "equal"] = Field(
        "similarity",
        description="Weight of an edge: its distance, as in the paper (the furthest counts most), "
        "its similarity, or 1.",
    )
    aggregator: Literal["mean", "dgl_mean"] = Field(
        "mean",
        description="GraphSAGE's. mean: the weighted average of clip and neighbours, sum(w h) / "
        "sum(w); dgl_mean: DGL's sum(w h) / number of neighbours.",
    )
    normalise: bool = Field(
        False,
        description="Scale each clip's hidden layer to length 1, as GraphSAGE's authors do.",
    )
    adjacency_as_features: bool = Field(
        False, description="Put a clip's row of the adjacency matrix beside its features."
    )


# Settings that change nothing of a network without messages.
OF_MESSAGES = frozenset({"messages", "k", "weights", "aggregator"})
SEARCHED = ("weight_decay", "dropout")


class Trained(NamedTuple):
    """A network of an experiment.

    Attributes
    ----------
    kind : str
        One of `config.registry.NETWORKS`.
    settings : Network
    like : str
        The network of the experiment whose weight decay and dropout it takes; empty where it has
        its own, searched or stated.
    ablation : str
        The same network without messages; empty where it is one.
    """

    kind: str
    settings: Network
    like: str
    ablation: str


class Limits(Model):
    """Numbers of clips above which something else stands in: time or memory would grow too fast."""

    all_distances: int = Field(
        50_000,
        ge=1,
        description="Neighbours are found among all distances; above, by descent, which misses a "
        "few: graph-health.csv has its recall.",
    )
    at_once: int = Field(
        200_000,
        ge=1,
        description="GraphSAGE learns from all training clips at once; above, by batches that "
        "aggregate some of their neighbours.",
    )


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
    protocols: list[Protocol] = Field(
        ["paper", "clean"], min_length=1, description="How it is evaluated."
    )
    folds: Folds = Field(Folds(), description="Folds of protocols paper and kfold.")
    clean: Clean = Field(Clean(), description="Folds of protocols random, clean and inductive.")
    graph: Graph = Field(Graph(), description="The graph.")
    models: list[Compared] = Field(
        [*CLASSIFIERS, "label_spreading", *COMBINED],
        description="What GraphSAGE is compared with, beside itself without messages (edgeless): "
        "other networks, and classifiers, which are tuned inside the training clips.",
    )
    graphsage: Network = Field(Network(), description="GraphSAGE, and what other networks share.")
    search: bool = Field(
        True,
        description="Choose weight decay and dropout of each network inside the training clips of "
        "each fold.",
    )
    calibrate: Literal["none", "temperature"] = Field(
        "none",
        description="temperature: probabilities of each model are also given at a temperature that "
        "is fitted inside the training clips of each fold.",
    )
    variants: dict[Word, dict[str, Any]] = Field(
        {},
        description="By name, settings in which other networks differ from graphsage (or, with "
        "model: gcn, from that): trained on the same folds, with the weight decay and dropout of "
        "the network that they vary.",
    )
    note: str = Field(
        "", description="What to know of its numbers under protocol paper, for the summary."
    )
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
            if base not in (NETWORKS[0], *self.models) or base not in NETWORKS:
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
    def _new_clips_have_no_place(self) -> "Experiment":
        if "inductive" not in self.protocols:
            return self
        networks = [self.graphsage, *map(self.variant, self.variants)]
        if any(network.adjacency_as_features for network in networks):
            raise ValueError(
                "a clip that comes after training has no column in the adjacency matrix: leave out "
                "protocol inductive or set graphsage: adjacency_as_features: false"
            )
        if self.graph.among == "artist":
            raise ValueError(
                "a clip that comes after training has nobody of its artist to hear, where artists "
                "are kept apart: leave out protocol inductive or set graph: among: all"
            )
        if self.reduce and self.reduce.method == "tsne":
            raise ValueError(
                "t-SNE cannot place a clip that comes after training: leave out protocol inductive "
                "or set reduce: method: pca"
            )
        return self

    @model_validator(mode="after")
    def _temperatures_are_fitted_inside(self) -> "Experiment":
        outside = [*(["select"] if self.select else []), *(["cnn"] if "cnn" in self.tables else [])]
        if self.calibrate != "none" and outside:
            raise ValueError(
                f"{' and '.join(outside)} fits the inputs to the genres of all training clips, so "
                "that none of them is left to fit a temperature to: set calibrate: none"
            )
        return self

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
        for kind in (NETWORKS[0], *(name for name in self.models if name in NETWORKS)):
            twin = ablation_name(kind) if self.graphsage.messages else ""
            found[kind] = Trained(kind, self.graphsage, "", twin)
            own = self.graphsage.model_copy(update=silent)
            found[ablation_name(kind)] = Trained(kind, own, "", "")
        for name, differs in self.variants.items():
            kind, settings = differs.get("model", NETWORKS[0]), self.variant(name)
            like = "" if differs.keys() & set(SEARCHED) else kind
            if not settings.messages:
                found[name] = Trained(kind, settings, like and ablation_name(kind), "")
                continue
            own_twin = bool(differs.keys() - OF_MESSAGES - {"model"})
            twin = ablation_name(name if own_twin else kind)
            found[name] = Trained(kind, settings, like, twin)
            if own_twin:
                alone = settings.model_copy(update=silent)
                found[twin] = Trained(kind, alone, like and ablation_name(kind), "")
        return found


class Imported(Model):
    """A feature table computed elsewhere."""

    file: str | None = Field(
        None,
        description="Parquet, CSV or TSV, JSON lines, NPZ or NPY: a row a clip; or a row a segment "
        "of 3 s if its keys say so, <clip>.<number>, and there is no file_3s.",
    )
    file_3s: str | None = Field(
        None, description="The table of segments of 3 s, instead of file or beside it."
    )
    pool: bool = Field(
        False,
        description="Rows are frames or windows of clips: features are mean and standard deviation "
        "over a clip's rows.",
    )
    keep: list[str] = Field(
        [],
        description="Columns that are features although they look like a label: named like one, or "
        "told by genre, split or row.",
    )

    @model_validator(mode="after")
    def _has_a_file(self) -> "Imported":
        if not (self.file or self.file_3s):
            raise ValueError("file or file_3s must name the table")
        return self


def _as_imported(value: Any) -> Any:
    if isinstance(value, str):
        return {"file": value}
    if isinstance(value, Imported | Mapping):
        return value
    raise ValueError("must be a file, or {file: FILE, pool: true, keep: [COLUMN, ...]}")


class Tuning(Model):
    """Curves of accuracy over hidden neurons and over the learning rate."""

    experiment: Name = Field("multiclass_compare", description="Whose inputs and graphs.")
    folds: int = Field(3, ge=1, description="The first so many folds of protocol paper.")
    hidden: list[Annotated[int, Field(ge=1)]] = Field(
        [50, 100, 150, 200, 250], min_length=1, description="Neurons."
    )
    learning_rate: list[Annotated[float, Field(gt=0, le=1)]] = Field(
        [0.0001, 0.001, 0.01, 0.1], min_length=1, description="Learning rates."
    )


class LearningCurve(Model):
    """Accuracy by the number of training artists, and of training clips."""

    experiment: Name = Field("multiclass_knn", description="Whose inputs, graph and networks.")
    repeats: int = Field(5, ge=1, le=100, description="Splits of protocol clean, each its own.")


class Config(Model):
    """All that ``config/*.yaml`` and ``--config`` may say."""

    dataset: Name = Field("demo", description="Which dataset: the sheet config/datasets/NAME.tsv.")
    sheet: str | None = Field(None, description="Another sheet than config/datasets/NAME.tsv.")
    audio: str | None = Field(None, description="Folder of the audio; default resources/NAME.")
    author: str | None = Field(
        None,
        description="Author of the results (RO-Crate): a name or the address of an ORCID.",
    )
    licence: str | None = Field(
        None, description="Licence of the results (RO-Crate): an address, or a sentence."
    )
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of everything random.")
    backend: Literal["auto", "dgl", "torch"] = Field(
        "auto",
        description="What passes GraphSAGE's messages; auto: DGL where it is installed, else "
        "PyTorch alone.",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto",
        description="Where networks are trained; auto: a card that the backend can use, else CPU.",
    )
    keep_samples: bool = Field(
        True,
        description="Decoded samples stay for tables and reports to come; if not, each shard's are "
        "removed once all tables of a run have them.",
    )
    limits: Limits = Field(Limits(), description="Up to how many clips all is computed as told.")
    datasets: dict[Name, Dataset] = Field({}, description="Facts of named datasets.")
    audit: Audit = Field(Audit(), description="Which clips are refused.")
    features: Features = Field(Features(), description="How features are computed.")
    cnn: Cnn = Field(Cnn(), description="How the CNN is trained.")
    tables: dict[
        Word,
        Annotated[Imported, BeforeValidator(_as_imported, json_schema_input_type=str | Imported)],
    ] = Field({}, description="Feature tables computed elsewhere, by name: a file, or more.")
    predict: str | list[str] | None = Field(
        None,
        description="New music whose genres results/predictions.csv holds: a file or folder, or "
        "several.",
    )
    predict_by: Name = Field(
        "multiclass_knn",
        description="The experiment whose inputs, graph and models predict new music.",
    )
    predict_artists: str | None = Field(
        None,
        description="Table (CSV or TSV) with columns file and artist: who plays new music, where "
        "its tags do not say so.",
    )
    tuning: Tuning = Field(Tuning(), description="The tuning of hidden neurons and learning rate.")
    learning_curve: LearningCurve = Field(LearningCurve(), description="The learning curves.")
    experiments: dict[Name, Experiment] = Field({}, description="The experiments, by name.")

    @field_validator("experiments")
    @classmethod
    def _names_are_free(cls, value: dict[str, Experiment]) -> dict[str, Experiment]:
        for name in value:
            if name.lower() in RESERVED:
                raise ValueError(f"'{name}' is the name of another result; rename the experiment")
        return value

    @model_validator(mode="after")
    def _there_is_what_is_tuned(self) -> "Config":
        stated = "experiment" in self.tuning.model_fields_set
        if stated and self.tuning.experiment not in self.experiments:
            raise ValueError(f"tuning: there is no experiment {self.tuning.experiment}")
        return self

    @model_validator(mode="after")
    def _few_folds_of_a_demo(self) -> "Config":
        most = self.facts().most_folds
        if most is None:
            return self
        quick = {
            name: experiment.model_copy(
                update={
                    "folds": Folds(n=min(experiment.folds.n, most)),
                    "clean": experiment.clean.model_copy(
                        update={"folds": min(experiment.clean.folds, most), "repeats": 1}
                    ),
                }
            )
            for name, experiment in self.experiments.items()
        }
        return self.model_copy(update={"experiments": quick})

    def facts(self) -> Dataset:
        """Facts of the chosen dataset, the defaults where none are given."""
        return self.datasets.get(self.dataset, Dataset())


def load(merged: Mapping[str, Any]) -> Config:
    """Check a merged configuration.

    Parameters
    ----------
    merged : mapping
        What Snakemake merged of the YAML files and ``--config``.

    Raises
    ------
    UserError
        With one line for each fault: where it is, what is wrong, and how to mend it.
    """
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        lines = [_fault(dict(fault), merged) for fault in error.errors()]
    raise UserError("the configuration has faults:\n" + "\n".join(f"  - {line}" for line in lines))


def _fault(fault: Mapping[str, Any], merged: Mapping[str, Any]) -> str:
    location = [str(part) for part in fault["loc"]]
    where = ".".join(location)
    if fault["type"] == "extra_forbidden":
        known = _keys_beside(location)
        near = difflib.get_close_matches(location[-1], known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
        return f"{where}: unknown key; {hint}"
    message = fault["msg"].removeprefix("Value error, ").replace("Input should", "must")
    # Where parts do not go together the message names them; the whole would only hide it.
    together = fault["type"] == "value_error" and isinstance(fault["input"], Mapping)
    found = "" if together else f" (it is {fault['input']!r})"
    if fault["type"] == "string_type" and isinstance(fault["input"], int | float | date):
        found = f" (YAML takes it for {fault['input']!r}: put it in quotation marks)"
    return f"{where}: {message}{found}; change it in config/ or by --config"


def _keys_beside(location: list[str]) -> list[str]:
    """Keys that the model knows in the place of an unknown one."""
    model: Any = Config
    for part in location[:-1]:
        field = getattr(model, "model_fields", {}).get(part)
        annotation = field.annotation if field else model
        model = _inner_model(annotation)
    return sorted(getattr(model, "model_fields", {}))


def _inner_model(annotation: Any) -> Any:
    """Model inside ``dict[str, Model]``, ``Model | None`` or ``Model`` itself."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = [_inner_model(part) for part in getattr(annotation, "__args__", ())]
    return next((model for model in inner if model is not None), None)
