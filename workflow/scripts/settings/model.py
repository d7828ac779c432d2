"""The configuration as a typed model: the single source of keys, defaults, bounds and help texts.

``config/config.yaml`` and ``config/experiments.yaml`` hold the same keys with comments, and
``config/config.schema.json`` is generated from here (`settings.schema`) for editors.
"""

import difflib
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from settings.code import keys_of
from settings.errors import UserError
from settings.groups import OF_ONE_ARTIST

# Models of every experiment; of the others, those that have a rule of their own.
ALWAYS = ("graphsage", "edgeless")
OF_OWN_RULE = ("best", "graph_network")
# What is named where it is written: a metric or a model more is one entry there.
METRICS = keys_of("graph.adjacency", "METRICS")
MODELS = (*keys_of("learning.baselines", "MODELS"), *OF_OWN_RULE)

Cut = Literal["30s", "3s"]
Ending = Annotated[str, Field(pattern=r"^\.[a-z0-9]+$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Protocol = Literal["paper", "random", "clean", "inductive", "filtered"]
UnknownArtist = Literal["together", "alone", "out"]
Scale = Literal["standard", "minmax", "none"]
Word = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
if TYPE_CHECKING:
    Compared = str
    Metric = str
else:
    Compared, Metric = Literal[MODELS], Literal[METRICS]


class Model(BaseModel):
    """A part of the configuration: unknown keys are errors, and so is what is no finite number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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


class Musicnn(Model):
    """Where the weights of MSD_musicnn are, by which ``musicnn`` tables are computed."""

    wheel: str | None = Field(
        None, description="Path of musicnn-0.1.0-py3-none-any.whl; by default pip downloads it."
    )


class Folds(Model):
    """How clips are dealt into folds."""

    n: int = Field(10, ge=2, le=100, description="Folds; no more than the smallest genre's clips.")
    repeats: int = Field(1, ge=1, le=100, description="How often all clips are dealt anew.")


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

    metric: Metric = Field("jaccard", description="Distance between two clips' inputs.")
    k: int = Field(100, ge=1, description="Neighbours of a clip; at most all other clips.")
    among: Literal["all", "artist"] = Field(
        "all",
        description="Whom a clip may have for a neighbour: all clips, or those known to be of its "
        "artist, be they training or test clips.",
    )

    @property
    def nearness(self) -> str:
        """By what clips are near, in words."""
        return self.metric if self.among == "all" else f"{self.metric} {OF_ONE_ARTIST}"


class GraphSage(Model):
    """The network and its training."""

    layers: int = Field(1, ge=1, le=8, description="Hidden layers.")
    hidden: int = Field(150, ge=1, description="Neurons of a hidden layer.")
    learning_rate: float = Field(0.001, gt=0, le=1, description="Adam's learning rate.")
    epochs: int = Field(300, ge=1, description="Passes over the training clips.")
    messages: bool = Field(
        True, description="Neighbours send messages; without, it is the model edgeless."
    )
    weights: Literal["distance", "similarity", "equal"] = Field(
        "distance",
        description="What a neighbour counts by: its distance, as in the paper, its similarity, or "
        "all the same.",
    )
    aggregator: Literal["mean", "dgl_mean"] = Field(
        "mean",
        description="mean: the weighted average of clip and neighbours, sum(w h) / sum(w); "
        "dgl_mean: DGL's sum(w h) / number of neighbours.",
    )
    normalise: bool = Field(
        False, description="Scale each clip's hidden layer to length 1, as GraphSAGE's authors do."
    )
    adjacency_as_features: bool = Field(
        False, description="Put a clip's row of the adjacency matrix beside its features."
    )


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
        description="GraphSAGE learns from all training clips at once; above, by batches that hear "
        "some of their neighbours.",
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
    folds: Folds = Field(Folds(), description="Folds of protocol paper.")
    clean: Clean = Field(Clean(), description="Folds of protocols random, clean and inductive.")
    graph: Graph = Field(Graph(), description="The graph.")
    models: list[Compared] = Field(
        ["logistic", "svm", "forest", "boosting", "knn", "label_spreading"],
        description="What GraphSAGE is compared with, beside itself without neighbours (edgeless).",
    )
    graphsage: GraphSage = Field(GraphSage(), description="The model.")
    calibrate: Literal["none", "temperature"] = Field(
        "none",
        description="temperature: probabilities of each model are also given at a temperature that "
        "is fitted inside the training clips of each fold, for which all are trained thrice more.",
    )
    variants: dict[Word, dict[str, Any]] = Field(
        {},
        description="By name, settings in which other networks differ from graphsage: trained on "
        "the same folds, they say what each of its choices is worth.",
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
        for name in self.variants:
            if name in ALWAYS:
                raise ValueError(f"variants.{name}: a model is called so already; rename it")
            try:
                self.network(name)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(["variants", name, *map(str, first["loc"])])
                raise ValueError(f"{where}: {first['msg']}") from None
        return self

    @model_validator(mode="after")
    def _new_clips_have_no_place(self) -> "Experiment":
        if "inductive" not in self.protocols:
            return self
        networks = [self.graphsage, *map(self.network, self.variants)]
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
    def _choices_are_made_inside(self) -> "Experiment":
        outside = [*(["select"] if self.select else []), *(["cnn"] if "cnn" in self.tables else [])]
        fits = f"{' and '.join(outside)} fits the inputs to the genres of all training clips, so "
        if "best" in self.models and outside:
            raise ValueError(
                f"{fits}that none of them is left to choose a model by: leave best out of models"
            )
        if self.calibrate != "none" and outside:
            raise ValueError(
                f"{fits}that none of them is left to fit a temperature to: set calibrate: none"
            )
        return self

    def network(self, variant: str) -> GraphSage:
        """The network of a variant."""
        return GraphSage.model_validate({**self.graphsage.model_dump(), **self.variants[variant]})


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


class Config(Model):
    """All that ``config/*.yaml`` and ``--config`` may say."""

    dataset: Name = Field("demo", description="Which dataset: the sheet config/datasets/NAME.tsv.")
    sheet: str | None = Field(None, description="Another sheet than config/datasets/NAME.tsv.")
    audio: str | None = Field(None, description="Folder of the audio; default resources/NAME.")
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
    musicnn: Musicnn = Field(Musicnn(), description="Where the weights of MSD_musicnn are.")
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
        description="The experiment whose inputs, graph and network predict new music.",
    )
    tuning: Tuning = Field(Tuning(), description="The tuning of hidden neurons and learning rate.")
    experiments: dict[Name, Experiment] = Field({}, description="The experiments, by name.")

    @field_validator("experiments")
    @classmethod
    def _names_start_with_their_kind(cls, value: dict[str, Experiment]) -> dict[str, Experiment]:
        for name in value:
            if not name.startswith(("binary_", "multiclass_")):
                raise ValueError(f"'{name}' must start with binary_ or multiclass_")
        return value

    @model_validator(mode="after")
    def _there_is_what_is_tuned(self) -> "Config":
        stated = "experiment" in self.tuning.model_fields_set
        if stated and self.tuning.experiment not in self.experiments:
            raise ValueError(f"tuning: there is no experiment {self.tuning.experiment}")
        return self

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
