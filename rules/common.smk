# What all rules share: the checked configuration, the dataset's sheet, and what follows from them.
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir, "workflow", "scripts")))

from settings import plan
from settings.code import digest as code
from settings.errors import UserError
from settings.model import load
from settings.sheet import digest, read_sheet, rows_by_shard

try:
    CONFIG = load(config)
    SHEET = CONFIG.sheet or f"config/datasets/{CONFIG.dataset}.tsv"
    ROWS = read_sheet(Path(SHEET))
    FOLDS = {name: plan.fold_numbers(e, ROWS) for name, e in CONFIG.experiments.items()}
    DATASET = CONFIG.facts()
    AUDIO = CONFIG.audio or f"resources/{CONFIG.dataset}"
    # Audio that no rule makes must be there already.
    FETCHED = not CONFIG.audio and DATASET.archive is not None
    SYNTHESISED = not CONFIG.audio and DATASET.synthesised
    if not (FETCHED or SYNTHESISED):
        plan.check_audio(ROWS, Path(AUDIO))
except UserError as error:
    raise WorkflowError(str(error)) from None

SHARDS = rows_by_shard(ROWS, DATASET.shards)
EXPERIMENT = "results/{dataset}/experiments/{experiment}/{protocol}"


wildcard_constraints:
    dataset=CONFIG.dataset,
    cut="30s|3s",
    table="[a-z0-9_]+",
    shard="[0-9]+",
    experiment="|".join(CONFIG.experiments),
    protocol="[a-z]+",
    fold="[0-9]+",


def experiment_of(wildcards):
    """The experiment that a job belongs to."""
    return CONFIG.experiments[wildcards.experiment]


def setting(path):
    """Param function: a setting of the job's experiment, such as ``graph.k``."""

    def value(wildcards):
        found = experiment_of(wildcards)
        for name in path.split("."):
            found = getattr(found, name)
        return found

    return value


def tables_of(wildcards):
    """Feature tables of a job's experiment."""
    experiment = experiment_of(wildcards)
    return expand(
        "results/{dataset}/{cut}/features/{table}.parquet",
        dataset=CONFIG.dataset,
        cut=experiment.cut,
        table=experiment.tables,
    )


def audio_of(wildcards):
    """Audio files of a shard: all that a rule makes, or those that are there."""
    rows = SHARDS[wildcards.shard]
    if FETCHED or SYNTHESISED:
        return [f"{AUDIO}/{row.path}" for row in rows]
    return plan.files_there(rows, Path(AUDIO))


def every_fold(name):
    """Input function: a file of every fold of an experiment and protocol."""
    return lambda wildcards: expand(
        f"{EXPERIMENT}/fold-{{fold}}/{name}",
        dataset=CONFIG.dataset,
        experiment=wildcards.experiment,
        protocol=wildcards.protocol,
        fold=FOLDS[wildcards.experiment],
    )


def every_protocol(name):
    """Input function: a file of every protocol of an experiment."""
    return lambda wildcards: expand(
        f"{EXPERIMENT}/{name}",
        dataset=CONFIG.dataset,
        experiment=wildcards.experiment,
        protocol=experiment_of(wildcards).protocols,
    )
