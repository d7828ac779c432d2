# What all rules share: the checked configuration, the dataset's sheet, and what follows from them.
import atexit
import difflib
import hashlib
import json
import logging
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.io import WILDCARD_REGEX
from snakemake.logging import logger

# The workflow may run in another folder, or as a module of another workflow: its files are found
# from here, what it computes lies where Snakemake runs. Jobs start steps as python "$GENREGRAPH".
HOME = Path(str(workflow.current_basedir)).parent
os.environ["GENREGRAPH"] = str(HOME / "workflow" / "scripts" / "genregraph")
# Jobs start this Python, and no module of the folder at hand, also where no environment is active.
os.environ["PYTHONSAFEPATH"] = "1"
if str(Path(sys.executable).parent) not in os.environ["PATH"].split(os.pathsep):
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
if {*"{}"} & {*str(HOME)}:
    raise WorkflowError(
        f"{HOME}: Snakemake takes what stands in braces for wildcards; rename it"
    )
sys.path.insert(0, str(HOME / "workflow" / "scripts"))


envvars:
    "GENREGRAPH",


from genregraph.report.strictness import strictest
from genregraph.common import contents
from genregraph.plan import plan
from genregraph.folds import protocols
from genregraph.config import registry
from genregraph.common.errors import UserError
from genregraph.plan.failures import Failures
from genregraph.features.cuts import files_by_cut
from genregraph.plan.jobs import memory, memory_by_thread, minutes, survives_shells
from genregraph.features.keys import names_beside
from genregraph.config.merge import as_typed, merged
from genregraph.config.model import load
from genregraph.config.registry import NETWORKS, ablation_name
from genregraph.datasets.sheet import (
    AUDITED,
    NAMED,
    digest,
    find,
    read_sheet,
    rows_by_shard,
    shards_for,
)
from genregraph.plan.steps import Step
from genregraph.plan.terminal import Terminal, takes_over

FAILURES = Failures()
TERMINAL = Terminal()
# After Snakemake's own last words, so that why jobs failed, or else the result, is what one sees.
if workflow.is_main_process:
    atexit.register(FAILURES.ends)
for source in (logger, logging.getLogger("genregraph")):
    source.addHandler(TERMINAL)
logger.addHandler(FAILURES)

try:
    TYPED = as_typed(config, workflow.config_settings.config_args or [])
    CONFIG = load(merged([HOME, Path()], TYPED))
    SHEET = CONFIG.sheet or find(f"config/datasets/{CONFIG.dataset}.tsv", HOME)
    ROWS = read_sheet(Path(SHEET))
    DATASET = CONFIG.facts()
    AUDIO = str(Path(CONFIG.audio or f"resources/{CONFIG.dataset}"))
    SYNTHESISED = not CONFIG.audio and DATASET.synthesised
    FETCHED = not CONFIG.audio and DATASET.archive is not None
    # Files of the clips that are there, by clip; the audit reports the others as missing.
    FILES = plan.files_there(ROWS, Path(AUDIO), DATASET.endings)
    # Imported feature tables can do without audio.
    UNHEARD = not SYNTHESISED and CONFIG.tables and not FILES
    if not (SYNTHESISED or FETCHED or UNHEARD):
        plan.check_audio(ROWS, Path(AUDIO), FILES)
    plan.check_tables(CONFIG)
    # Files of imported tables by name and cut.
    IMPORTS = files_by_cut(CONFIG, ROWS)
    NOT_RUNNABLE = plan.not_runnable(CONFIG, ROWS, UNHEARD, IMPORTS)
except UserError as error:
    raise WorkflowError(str(error)) from None

RUNNABLE = [name for name in CONFIG.experiments if name not in NOT_RUNNABLE]
N_SHARDS = DATASET.shards or shards_for(len(ROWS))
SHARDS = rows_by_shard(ROWS, N_SHARDS)
COMPUTED = [table for table in registry.COMPUTED if table not in CONFIG.tables]

# New music that is to be predicted, by part, and why none of it can be predicted, if that is so.
NAMED_NEW = [CONFIG.predict] if isinstance(CONFIG.predict, str) else CONFIG.predict
PARTS: dict[str, list[str]] = {}
WHY_NO_PREDICTION = plan.why_no_prediction(CONFIG, NOT_RUNNABLE)
if not NAMED_NEW:
    WHY_NO_PREDICTION = (
        "say which music is to be predicted: --config predict=FOLDER, or a file"
    )
elif not WHY_NO_PREDICTION:
    from genregraph.predict.listing import listed, shards_of

    try:
        NEW = listed(NAMED_NEW)
        PARTS = shards_of(NEW.files)
    except UserError as error:
        WHY_NO_PREDICTION = str(error)
PREDICTED = [] if WHY_NO_PREDICTION else ["predictions"]

# Cards that a job which trains by PyTorch or DGL asks for: --resources gpu=1 lets one run at a time.
CARDS = int(CONFIG.device in ("cuda", "mps"))

# Where things lie.
OF_DATASET = "results/{dataset}"
OF_SHARD = f"{OF_DATASET}/audio/{{shard}}"
OF_SAMPLES = f"{OF_SHARD}/samples.parquet"
OF_CUT = f"{OF_DATASET}/{{cut}}"
OF_EXPERIMENT = f"{OF_DATASET}/experiments/{{experiment}}"
OF_PROTOCOL = f"{OF_EXPERIMENT}/{{protocol}}"
OF_MODELS = f"{OF_PROTOCOL}/models"
OF_NEW = f"{OF_DATASET}/predictions"
OF_PART = f"{OF_NEW}/{{part}}"
# The same for the dataset of the run.
HERE = OF_DATASET.format(dataset=CONFIG.dataset)


def text_digest(path):
    """Digest of a text that is no code."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def of_experiment(name):
    """Folder of an experiment on the dataset of the run."""
    return OF_EXPERIMENT.format(dataset=CONFIG.dataset, experiment=name)


wildcard_constraints:
    dataset=CONFIG.dataset,
    cut="30s|3s",
    shard="[0-9]+",
    experiment="|".join(RUNNABLE) or "none",
    protocol="[a-z]+",


onstart:
    TERMINAL.warn(left_out())
    takes_over(TERMINAL, logger, workflow.output_settings)


def targets():
    """What the user asked for, known once Snakemake has read all rules."""
    return getattr(workflow.dag_settings, "targets", [])


def left_out():
    """What cannot be of that, in lines."""
    asked = plan.asked_for(targets(), CONFIG.experiments, CONFIG.predict_by)
    return [
        *(
            f"experiment {name} is left out: {reason}"
            for name, reason in NOT_RUNNABLE.items()
            if name in asked
        ),
        *plan.limits(CONFIG, ROWS, [name for name in RUNNABLE if name in asked]),
    ]


def ends():
    """Tells of the result of a run, and of what a user should know of it."""
    if not TERMINAL.planned:
        return
    TERMINAL.warn(left_out())
    TERMINAL.warn(filter(None, [] if SYNTHESISED else [plan.prolific(ROWS)]))
    TERMINAL.ends(Path(HERE), targets())


if workflow.is_main_process:
    atexit.register(ends)


# What jobs are told: functions of their wildcards.


def experiment_of(wildcards):
    """The experiment that a job belongs to."""
    return CONFIG.experiments[wildcards.experiment]


def setting(path):
    """A setting of the job's experiment, such as ``graph.k``."""

    def value(wildcards):
        found = experiment_of(wildcards)
        for name in path.split("."):
            found = getattr(found, name)
        return found

    return value


def fitted_on(wildcards):
    """Clips that a job's inputs are fitted to."""
    return protocols.fitted_on(wildcards.protocol)


def keeps_apart(wildcards):
    """Whether groups are held out whole inside a job's training clips."""
    return protocols.keeps_apart(wildcards.protocol)


def neighbours(wildcards):
    """Clips that may be neighbours in a job's graph: all, or train."""
    return protocols.neighbours(wildcards.protocol)


def papers_accuracy(wildcards):
    """The paper's accuracy in a job's experiment, if this is the paper's dataset."""
    return (
        experiment_of(wildcards).paper_test_accuracy if DATASET.of_the_paper else None
    )


def papers_accuracies(wildcards):
    """The paper's accuracies by experiment, if this is the paper's dataset."""
    stated = {
        name: CONFIG.experiments[name].paper_test_accuracy
        for name in RUNNABLE
        if DATASET.of_the_paper
    }
    return [f"{name}={value}" for name, value in stated.items() if value is not None]


def asked_of(wildcards):
    """What decides which clips of a job's experiment are evaluated, and how (JSON)."""
    keys = {"genres", "protocols", "folds", "clean"}
    return experiment_of(wildcards).model_dump_json(include=keys)


def models_of(wildcards):
    """What decides which models a job's experiment has (JSON)."""
    keys = {"models", "graphsage", "search", "variants", "calibrate"}
    return experiment_of(wildcards).model_dump_json(include=keys)


def differing(settings):
    """Settings of a variant, in words."""
    return ", ".join(f"{name}: {value}" for name, value in settings.items())


def side_by_side(wildcards):
    """Folds that a job fits at once; a cluster is taken for 8 cores."""
    try:
        cores = workflow.cores
    except WorkflowError:
        cores = 8
    return max(1, min(len(evaluation_of(wildcards).numbers), cores // 2))


# Which files jobs read.


def evaluations_of(name):
    """How an experiment is evaluated, by protocol; known when its clips are."""
    found = checkpoints.usable.get(dataset=CONFIG.dataset, experiment=name)
    return plan.read_evaluations(Path(found.output.protocols))


def evaluation_of(wildcards):
    """How a job's experiment is evaluated under its protocol."""
    return evaluations_of(wildcards.experiment)[wildcards.protocol]


def tuning_of(wildcards):
    """The dataset's tuning, if the experiment that is tuned can be evaluated as the paper did."""
    name = CONFIG.tuning.experiment
    tuned = name in RUNNABLE and "paper" in evaluations_of(name)
    return [f"{HERE}/tuning.csv"] if tuned else []


def learning_curve_of(wildcards):
    """The dataset's learning curve, if its experiment can be evaluated under protocol clean."""
    name = CONFIG.learning_curve.experiment
    drawn = name in RUNNABLE and "clean" in evaluations_of(name)
    return [f"{HERE}/learning-curve.csv"] if drawn else []


def every_protocol(*names):
    """Input function: files of every protocol of a job's experiment, or of its own if it has one.

    A name may be a function of wildcards, which gives names.
    """

    def files(wildcards):
        experiment = wildcards.experiment
        return [
            f"{of_experiment(experiment)}/{protocol}/{name}"
            for protocol in evaluations_of(experiment)
            if protocol == wildcards.get("protocol", protocol)
            for name in named(names, Place(experiment=experiment, protocol=protocol))
        ]

    return files


def named(names, wildcards):
    """Names, of which some are functions of wildcards that give several."""
    given = [name(wildcards) if callable(name) else [name] for name in names]
    return [name for some in given for name in some]


def cut_of(wildcards):
    """Folder of the cut of a job's experiment."""
    return f"{HERE}/{experiment_of(wildcards).cut}"


def clips_of(wildcards):
    """List of the clips of a job's experiment."""
    return f"{cut_of(wildcards)}/clips.parquet"


def shared_tables(wildcards, name="{table}.parquet"):
    """Feature tables of a job's experiment that serve all folds, or other files of them."""
    tables = [
        table for table in experiment_of(wildcards).tables if table != plan.PER_FOLD
    ]
    return [f"{cut_of(wildcards)}/features/{name}".format(table=t) for t in tables]


def table_of_folds(wildcards):
    """The CNN's table of all folds, if a job's experiment has it."""
    per_fold = plan.PER_FOLD in experiment_of(wildcards).tables
    return (
        [f"{OF_PROTOCOL}/{plan.PER_FOLD}.parquet".format(**wildcards)]
        if per_fold
        else []
    )


def problems_of(wildcards):
    """Lists of what a job's experiment cannot use."""
    of_tables = shared_tables(wildcards, "{table}.problems.csv")
    return [f"{cut_of(wildcards)}/problems.csv", *of_tables]


def why_not(wildcards):
    """Raises the reason why there is no result of this name."""
    name = wildcards.name
    if name in NOT_RUNNABLE:
        raise WorkflowError(f"experiment {name} cannot run: {NOT_RUNNABLE[name]}")
    near = difflib.get_close_matches(name, RUNNABLE, n=1)
    meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(RUNNABLE)}"
    raise WorkflowError(f"there is no experiment {name}; {meant}")


def every_result(wildcards):
    """Tables of all experiments; raises why there are none."""
    if not RUNNABLE:
        why = [f"{name} cannot run: {reason}" for name, reason in NOT_RUNNABLE.items()]
        raise WorkflowError("\n".join(["there is no experiment that can run:", *why]))
    return [f"{HERE}/{name}.csv" for name in RUNNABLE]


def why_no_prediction(wildcards):
    """Raises the reason why nothing can be predicted."""
    raise WorkflowError(WHY_NO_PREDICTION)


def imported_file(wildcards):
    """File of an imported table for a job's cut."""
    files = IMPORTS[wildcards.table]
    if wildcards.cut not in files:
        raise WorkflowError(f"table {wildcards.table} has no file for {wildcards.cut}")
    return files[wildcards.cut]


def imported_files(wildcards):
    """Files of a job's imported table, or of all, for its cut."""
    if "table" in wildcards.keys():
        return [imported_file(wildcards)]
    return [
        files[wildcards.cut] for files in IMPORTS.values() if wildcards.cut in files
    ]


def every_imported_file(wildcards):
    """Imported tables of every cut that are there, by the name of the table and the cut."""
    return {
        f"{name} ({cut})": file
        for name, files in IMPORTS.items()
        for cut, file in files.items()
        if Path(file).is_file()
    }


def contents_of_every_table(wildcards):
    """Fact: digest of all imported tables."""
    return contents.digest(Path(), every_imported_file(wildcards).values())


def read_of_tables(wildcards):
    """Files of a job's imported tables, and texts that say which rows of arrays are which clips."""
    files = imported_files(wildcards)
    arrays = [Path(file) for file in files if file.lower().endswith(".npy")]
    names = [names for path in arrays for names in names_beside(path)]
    return [*files, *(str(path) for path in names if path.is_file())]


def contents_of_tables(wildcards):
    """Fact: digest of what is read of a job's imported tables."""
    return contents.digest(Path(), read_of_tables(wildcards))


def images_of(wildcards):
    """Images of all clips, if a job's experiment has the CNN's table."""
    if plan.PER_FOLD not in experiment_of(wildcards).tables:
        return []
    return [f"{cut_of(wildcards)}/images/{shard}.parquet" for shard in SHARDS]


def selection_of(wildcards):
    """The selections of a job's folds, if its experiment selects features."""
    selection = f"{OF_PROTOCOL}/selection.csv".format(**wildcards)
    return [selection] if experiment_of(wildcards).select else []


def audio_of(wildcards):
    """Audio files of a shard: all that a rule makes, or those that are there."""
    rows = SHARDS[wildcards.shard]
    if FETCHED or SYNTHESISED:
        paths = nameable(audio_file(row.path) for row in rows)
        # What cannot be named is there when the others are.
        return paths if len(paths) == len(rows) else [*paths, *all_audio()[:1]]
    return users(audio_file(FILES[row.clip]) for row in rows if row.clip in FILES)


def all_audio():
    """Audio files that a rule makes and can name."""
    return nameable(audio_file(row.path) for row in ROWS)


def audio_file(path):
    """Path of a file in the audio folder, of which the sheet states a part or all."""
    return str(Path(AUDIO, path))


def contents_of_audio(wildcards):
    """Fact: digest of a shard's audio files, unless a job makes them: Snakemake knows those."""
    if FETCHED or SYNTHESISED:
        return None
    rows = SHARDS[wildcards.shard]
    return contents.digest(
        Path(AUDIO), [FILES[row.clip] for row in rows if row.clip in FILES]
    )


def contents_of_new(wildcards):
    """Fact: digest of a part of the new music."""
    return contents.digest(Path(), PARTS[wildcards.part])


def users(paths):
    """Inputs that a user gives: the digest in a record says whether they are others."""
    return [ancient(path) for path in nameable(paths)]


def nameable(paths):
    """Paths that can be inputs: those in which neither Snakemake nor a shell sees something else.

    What the others hold, such as a{b}.wav, is known by the jobs' records alone: see
    contents_of_audio.
    """
    return [
        path
        for path in paths
        if survives_shells(path) and not WILDCARD_REGEX.search(path)
    ]


class Place(dict):
    """Wildcards of a job, where they are not Snakemake's own."""

    __getattr__ = dict.__getitem__


def of_all_experiments(*files):
    """Input function: what some input functions give for every experiment."""
    return lambda wildcards: [
        path
        for name in RUNNABLE
        for function in files
        for path in function(Place(experiment=name))
    ]


def has_imported_table(wildcards):
    """Whether a table of a job's experiment is imported: it may lack columns to leave out."""
    return not CONFIG.tables.keys().isdisjoint(experiment_of(wildcards).tables)


def trained_by(wildcards):
    """What decides how the predictor of a job's experiment is trained (JSON)."""
    keys = "drop scale select reduce graph models graphsage search variants"
    return experiment_of(wildcards).model_dump_json(include=set(keys.split()))


def strict_models(wildcards):
    """Models of the strictest protocol by which a job's experiment is evaluated, if any."""
    evaluated = evaluations_of(wildcards.experiment)
    strict = [protocol for protocol in STRICT if protocol in evaluated]
    return [OF_MODELS.format(**wildcards, protocol=protocol) for protocol in strict[:1]]


def compared_of(wildcards):
    """What decides which models of a job's experiment are compared with which (JSON)."""
    keys = {"models": True, "graphsage": True, "variants": True, "graph": {"among"}}
    return experiment_of(wildcards).model_dump_json(include=keys)


def strictest_of(name):
    """The strictest protocol of an experiment, in a list; none if it cannot be evaluated."""
    protocols = evaluations_of(name)
    return [strictest(protocols)] if protocols else []


def tables_and_figures(wildcards):
    """Everything that there is to show of the dataset beyond the summary."""
    shown = []
    for name in RUNNABLE:
        select, folder = CONFIG.experiments[name].select, of_experiment(name)
        figures = [*OF_FOLDS, *(["importances"] if select else [])]
        for protocol in strictest_of(name):
            places = [f"{protocol}/figures/{figure}" for figure in figures]
            places += ["figures/folds", "figures/reliability"]
            shown += [f"{folder}/{place}.png" for place in places]
    if tuning_of(wildcards):
        shown += ["results/tuning.csv", f"{HERE}/figures/tuning.png"]
    if learning_curve_of(wildcards):
        shown += [*learning_curve_of(wildcards), f"{HERE}/figures/learning-curve.png"]
    runnable = [CONFIG.experiments[name] for name in RUNNABLE]
    if any("handcrafted" in e.tables and e.cut == "30s" for e in runnable):
        shown.append(f"{HERE}/figures/correlation.png")
    of_audio = [] if UNHEARD else ["clips", "clip"]
    return shown + [f"{HERE}/figures/{figure}.png" for figure in of_audio]


def selections(wildcards):
    """Name of the selections of an experiment's folds, if it selects."""
    return ["selection.csv"] if experiment_of(wildcards).select else []


def published(wildcards):
    """Results of the dataset, without its models."""
    of_protocols = every_protocol(
        "folds.parquet", "graph-health.csv", "leaks.csv", selections
    )
    shown = [*tables_and_figures(wildcards), *tuning_of(wildcards)]
    return [
        *(f"{HERE}/{name}.csv" for name in [*RUNNABLE, "summary", "comparisons"]),
        *(f"{HERE}/{name}" for name in ("findings.md", "report.html")),
        *(f"{of_experiment(name)}/protocols.json" for name in RUNNABLE),
        *CALIBRATED,
        *of_all_experiments(of_protocols)(wildcards),
        *all_problems(wildcards),
        *(path for path in shown if path.startswith(f"{HERE}/")),
    ]


def maps(wildcards):
    """Maps of all experiments that could be evaluated, each under its strictest protocol."""
    return [
        f"{of_experiment(name)}/{protocol}/map.json"
        for name in RUNNABLE
        for protocol in strictest_of(name)
    ]


def models_shown(wildcards):
    """Models that the map of an experiment shows: all but variants."""
    models = experiment_of(wildcards).models
    networks = [NETWORKS[0], *(name for name in models if name in NETWORKS)]
    return [
        *(each for name in networks for each in (name, ablation_name(name))),
        *(name for name in models if name not in NETWORKS),
    ]


def all_problems(wildcards):
    """Lists of what any experiment cannot use, each once."""
    return list(dict.fromkeys(of_all_experiments(problems_of)(wildcards)))


def drawn(place, figure, caption, **labels):
    """A figure of an experiment, as Snakemake's own report shows it."""
    return report(
        f"{place}/figures/{figure}.png",
        caption=f"../workflow/scripts/genregraph/report/captions/{caption}.rst",
        category="{experiment}",
        subcategory="Figures",
        labels={"figure": figure, **labels},
    )
