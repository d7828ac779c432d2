# What all rules share: the checked configuration, the dataset's sheet, and what follows from them.
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

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
    DATASET = CONFIG.facts()
    AUDIO = CONFIG.audio or f"resources/{CONFIG.dataset}"
    SYNTHESISED = not CONFIG.audio and DATASET.synthesised
    FETCHED = not CONFIG.audio and DATASET.archive is not None
    # Imported feature tables can do without audio.
    UNHEARD = (
        not SYNTHESISED and CONFIG.tables and not plan.has_audio(ROWS, Path(AUDIO))
    )
    if not (SYNTHESISED or FETCHED or UNHEARD):
        plan.check_audio(ROWS, Path(AUDIO))
    plan.check_tables(CONFIG)
    NOT_RUNNABLE = plan.not_runnable(CONFIG, ROWS, UNHEARD)
    RUNNABLE = [name for name in CONFIG.experiments if name not in NOT_RUNNABLE]
    # By experiment: its evaluation under each protocol, and why other protocols are left out.
    EVALUATIONS, LEFT_OUT = {}, {}
    for name in RUNNABLE:
        EVALUATIONS[name], LEFT_OUT[name] = plan.evaluations(
            CONFIG.experiments[name], ROWS
        )
except UserError as error:
    raise WorkflowError(str(error)) from None

for name, reason in NOT_RUNNABLE.items():
    logger.warning(f"experiment {name} is left out: {reason}")

SHARDS = rows_by_shard(ROWS, DATASET.shards)
OF_EXPERIMENT = "results/{dataset}/experiments/{experiment}"
# Segments are also scored by song, and models compared clip by clip with the edgeless network.
SONGS = expand(
    f"{OF_EXPERIMENT}/songs.csv",
    dataset=CONFIG.dataset,
    experiment=[name for name in RUNNABLE if CONFIG.experiments[name].cut != "30s"],
)
POOLED = expand(
    f"{OF_EXPERIMENT}/pooled.csv",
    dataset=CONFIG.dataset,
    experiment=RUNNABLE,
)
CHOICES = expand(
    f"{OF_EXPERIMENT}/choices.csv",
    dataset=CONFIG.dataset,
    experiment=[name for name in RUNNABLE if "best" in CONFIG.experiments[name].models],
)
ALL_LEFT_OUT = [
    f"--left-out={name}, {protocol}={reason}"
    for name, reasons in LEFT_OUT.items()
    for protocol, reason in reasons.items()
]
COMPUTED = [table for table in plan.COMPUTED if table not in CONFIG.tables]
EXPERIMENT = f"{OF_EXPERIMENT}/{{protocol}}"


onstart:
    # Snakemake's limit of jobs per second, of use on clusters alone, has it look for jobs once more
    # a second for each job that has finished, and so hundreds of times a second in the end.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


wildcard_constraints:
    dataset=CONFIG.dataset,
    cut="30s|3s",
    shard="[0-9]+",
    experiment="|".join(RUNNABLE) or "none",
    protocol="[a-z]+",
    fold="[0-9]+",


def experiment_of(wildcards):
    """The experiment that a job belongs to."""
    return CONFIG.experiments[wildcards.experiment]


def evaluation_of(wildcards):
    """How a job's experiment is evaluated under its protocol."""
    return EVALUATIONS[wildcards.experiment][wildcards.protocol]


def setting(path):
    """Param function: a setting of the job's experiment, such as ``graph.k``."""

    def value(wildcards):
        found = experiment_of(wildcards)
        for name in path.split("."):
            found = getattr(found, name)
        return found

    return value


def cut_of(wildcards):
    """Folder of the cut of a job's experiment."""
    return f"results/{CONFIG.dataset}/{experiment_of(wildcards).cut}"


def shared_tables(wildcards):
    """Feature tables of a job's experiment that serve all folds."""
    tables = [name for name in experiment_of(wildcards).tables if name != plan.PER_FOLD]
    return [f"{cut_of(wildcards)}/features/{table}.parquet" for table in tables]


def all_tables(wildcards):
    """Feature tables of a job's experiment, with that of its fold."""
    per_fold = plan.PER_FOLD in experiment_of(wildcards).tables
    own = f"{EXPERIMENT}/fold-{{fold}}/{plan.PER_FOLD}.parquet"
    return shared_tables(wildcards) + ([own.format(**wildcards)] if per_fold else [])


def images_of(wildcards):
    """Images of all clips, if a job's experiment has the CNN's table."""
    if plan.PER_FOLD not in experiment_of(wildcards).tables:
        return []
    return [f"{cut_of(wildcards)}/images/{shard}.parquet" for shard in SHARDS]


def baselines_of(experiment):
    """Models of an experiment that rule baselines trains."""
    return [name for name in experiment.models if name != "best"]


def compared_of(experiment):
    """What stands beside GraphSAGE: files of a fold by this name."""
    best = ["best"] if "best" in experiment.models else []
    baselines = ["baselines"] if baselines_of(experiment) else []
    return ["edgeless", *baselines, *best]


def outputs_of(wildcards):
    """Files of all folds that a job's result is made of."""
    compared = compared_of(experiment_of(wildcards))
    names = ["predictions.parquet", "history.csv"]
    names += [f"{name}.{ending}" for name in compared for ending in ("parquet", "csv")]
    return of_folds(wildcards, names)


def of_folds(wildcards, names):
    """Files of every protocol and fold of a job's experiment."""
    return [
        f"results/{CONFIG.dataset}/experiments/{wildcards.experiment}/{protocol}/fold-{fold}/{name}"
        for protocol, evaluation in EVALUATIONS[wildcards.experiment].items()
        for fold in evaluation.numbers
        for name in names
    ]


def problems_of(wildcards):
    """Lists of clips that a job's experiment cannot use."""
    cut = cut_of(wildcards)
    tables = [name for name in experiment_of(wildcards).tables if name != plan.PER_FOLD]
    lists = [f"{cut}/features/{table}.problems.csv" for table in tables]
    return [f"{cut}/problems.csv", *lists]


def compared_options(wildcards):
    """Command line options that name what stands beside a job's GraphSAGE."""
    return [f"--compared={name}" for name in compared_of(experiment_of(wildcards))]


def selection_of(wildcards):
    """The selection of a job's fold, if its experiment selects features."""
    selection = f"{EXPERIMENT}/fold-{{fold}}/selection.csv"
    return [selection.format(**wildcards)] if experiment_of(wildcards).select else []


def network_options(wildcards):
    """Command line options of a job's GraphSAGE."""
    network = experiment_of(wildcards).graphsage
    return [
        f"--layers={network.layers}",
        f"--hidden={network.hidden}",
        f"--learning-rate={network.learning_rate}",
        f"--epochs={network.epochs}",
        "--distance-weights" if network.distance_weights else "--no-distance-weights",
        (
            "--adjacency-as-features"
            if network.adjacency_as_features
            else "--no-adjacency-as-features"
        ),
    ]


def tables_and_figures():
    """Everything that there is to show of the dataset beside the summary."""
    dataset = f"results/{CONFIG.dataset}"
    of_fold = ["scatter", "graph", "history", "confusion"]
    shown = []
    for name in RUNNABLE:
        folder = f"{dataset}/experiments/{name}"
        figures = (
            [*of_fold, "importances"] if CONFIG.experiments[name].select else of_fold
        )
        first = next(iter(EVALUATIONS[name]))
        shown += expand(f"{folder}/{first}/figures/{{figure}}.png", figure=figures)
        shown.append(f"{folder}/figures/folds.png")
    if "paper" in EVALUATIONS.get(CONFIG.tuning.experiment, {}):
        shown.append("results/figures/tuning.png")
    if any("handcrafted" in CONFIG.experiments[name].tables for name in RUNNABLE):
        shown.append(f"{dataset}/figures/correlation.png")
    return shown + (
        [] if UNHEARD else [f"{dataset}/figures/{f}.png" for f in ("clips", "clip")]
    )


def audio_of(wildcards):
    """Audio files of a shard: all that a rule makes, or those that are there."""
    rows = SHARDS[wildcards.shard]
    if FETCHED or SYNTHESISED:
        return [f"{AUDIO}/{row.path}" for row in rows]
    return plan.files_there(rows, Path(AUDIO))


def every_fold(*names):
    """Input function: files of every fold of an experiment and protocol."""
    return lambda wildcards: expand(
        f"{EXPERIMENT}/fold-{{fold}}/{{name}}",
        dataset=CONFIG.dataset,
        experiment=wildcards.experiment,
        protocol=wildcards.protocol,
        fold=EVALUATIONS[wildcards.experiment][wildcards.protocol].numbers,
        name=names,
    )


def every_protocol(name):
    """Input function: a file of every protocol of an experiment."""
    return lambda wildcards: expand(
        f"{EXPERIMENT}/{name}",
        dataset=CONFIG.dataset,
        experiment=wildcards.experiment,
        protocol=EVALUATIONS[wildcards.experiment],
    )
