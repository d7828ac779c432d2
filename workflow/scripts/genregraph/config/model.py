"""The configuration as a typed model: the single source of keys, defaults, bounds and help texts.

``config/config.yaml`` and ``config/experiments.yaml`` hold the same keys with comments, and
``config/config.schema.json`` is generated from here (`config.schema`) for editors.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from genregraph.config.experiment import Experiment, Model, Word

Extension = Annotated[str, Field(pattern=r"^\.[a-z0-9]+$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Rate = Annotated[float, Field(gt=0, le=1)]
# Files that stand beside an experiment's NAME.csv.
RESERVED = "summary comparisons tuning learning-curve predictions findings report".split()


class Archive(Model):
    """A published archive of a dataset's audio."""

    urls: list[str] = Field(description="Addresses or local paths, tried in this order.")
    md5: str | None = Field(None, pattern=r"^[0-9a-f]{32}$", description="MD5 of the archive.")
    sha1: str | None = Field(None, pattern=r"^[0-9a-f]{40}$")
    """SHA-1 of it, where that is what is published."""
    filename: str = Field(pattern=r"^[^/]+\.(tar\.gz|tgz|tar|zip)$")
    """Name of the archive's file."""

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

    shards: int | None = Field(None, ge=1, le=4096)
    """Into how many shards clips are divided; by default so many that a shard has some tens of
    clips. A number keeps them as they are where clips are added over time."""
    synthesised: bool = Field(False, description="Made by the workflow; the numbers are no music.")
    archive: Archive | None = Field(None, description="Where the audio is published.")
    extensions: list[Extension] = Field([])
    """File extensions in which it is published: where a file with one of them is missing, that with
    another is read."""
    most_folds: int | None = Field(None, ge=2)
    """At most so many folds or hold-outs, of one repeat, in every experiment: the numbers of
    synthesised clips mean nothing, and a demo should be quick."""
    most_epochs: int | None = Field(None, ge=1)
    """At most so many epochs of the graph neural networks, likewise."""
    of_the_paper: bool = False
    """The clips that the paper had: its numbers stand beside those found."""


class Audit(Model):
    """Which clips are rejected."""

    shortest: float = Field(1.0, ge=0.1)
    """Seconds; shorter clips are rejected: features need some frames."""
    silence: float = Field(1e-4, ge=0, lt=1)
    """Clips whose samples all lie within this of their mean are rejected."""
    longest: float = Field(600.0, ge=1)
    """Seconds; of longer clips the beginning is used, so that memory is bounded."""


class Features(Model):
    """How features are computed."""

    profile: Literal["kaggle", "librosa"] = "kaggle"
    """kaggle: the published 57-feature table's values; librosa: today's defaults."""


class Cnn(Model):
    """How the CNN is trained whose embedding is the table ``cnn``."""

    epochs: int = Field(30, ge=1, description="Passes over the training clips.")
    learning_rate: float = Field(0.001, gt=0, le=1, description="AdamW's learning rate.")


class Imported(Model):
    """A feature table computed elsewhere."""

    file: str | None = None
    """Parquet, CSV or TSV, JSON lines, NPZ or NPY: a row a clip; or a row a segment of 3 s if its
    keys say so, <clip>.<number>, and there is no file_3s."""
    file_3s: str | None = None
    """The table of segments of 3 s, instead of file or beside it."""
    pool: bool = False
    """Rows are frames or windows of clips: features are mean and standard deviation over a clip's
    rows."""
    keep: list[str] = Field([])
    """Columns that are features although they look like a label: named like one, or determined by
    genre, split or row."""

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


Table = Annotated[Imported, BeforeValidator(_as_imported, json_schema_input_type=str | Imported)]


class Tuning(Model):
    """Curves of accuracy over hidden neurons and over the learning rate."""

    experiment: Name = Field("multiclass_compare", description="Whose inputs and graphs.")
    folds: int = Field(3, ge=1, description="The first so many folds of protocol paper.")
    hidden: list[Annotated[int, Field(ge=1)]] = Field([50, 100, 150, 200, 250], min_length=1)
    """Neurons."""
    learning_rate: list[Rate] = Field([0.0001, 0.001, 0.01, 0.1], min_length=1)
    """Learning rates."""


class LearningCurve(Model):
    """Accuracy by the number of training artists, and of training clips."""

    experiment: Name = Field("multiclass_knn", description="Whose inputs, graph and networks.")
    repeats: int = Field(5, ge=1, le=100, description="Splits of protocol clean, each its own.")


class Config(Model):
    """All that ``config/*.yaml`` and ``--config`` may say."""

    dataset: Name = Field("demo", description="Which dataset: the sheet config/datasets/NAME.tsv.")
    sheet: str | None = Field(None, description="Another sheet than config/datasets/NAME.tsv.")
    audio: str | None = Field(None, description="Folder of the audio; default resources/NAME.")
    author: str | None = None
    """Author of the results (RO-Crate): a name or the address of an ORCID."""
    licence: str | None = None
    """Licence of the results (RO-Crate): an address, or a sentence."""
    seed: int = Field(0, ge=0, lt=2**32, description="Seed of everything random.")
    backend: Literal["auto", "dgl", "torch"] = "auto"
    """What passes messages; auto: DGL where it is installed and networks are trained on the CPU,
    else PyTorch alone."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where networks are trained; auto: a card that the backend can use, else CPU."""
    keep_samples: bool = True
    """Decoded samples stay for tables and reports to come; if not, each shard's are removed once
    all tables of a run have them."""
    datasets: dict[Name, Dataset] = Field({}, description="Facts of named datasets.")
    audit: Audit = Field(Audit(), description="Which clips are rejected.")
    features: Features = Field(Features(), description="How features are computed.")
    cnn: Cnn = Field(Cnn(), description="How the CNN is trained.")
    tables: dict[Word, Table] = Field({})
    """Feature tables computed elsewhere, by name: a file, or more."""
    predict: str | list[str] | None = None
    """New music whose genres results/predictions.csv holds: a file or folder, or several."""
    predict_by: Name = "multiclass_knn"
    """The experiment whose inputs, graph and models predict new music."""
    predict_artists: str | None = None
    """Table (CSV or TSV) with columns file and artist: artists of new music whose tags do not name
    them."""
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
    def _demo_is_quick(self) -> "Config":
        most = (self.facts().most_folds, self.facts().most_epochs)
        quick = {name: each.at_most(*most) for name, each in self.experiments.items()}
        return self.model_copy(update={"experiments": quick}) if any(most) else self

    def facts(self) -> Dataset:
        """Facts of the chosen dataset, the defaults where none are given."""
        return self.datasets.get(self.dataset, Dataset())
