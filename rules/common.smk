# What all rules share: the run that was asked for, its files and its steps (genregraph.plan).
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# The workflow may run in another folder, or as a module of another workflow: its files are found
# from here, what it computes lies where Snakemake runs. Jobs start steps as python "$GENREGRAPH".
HOME = Path(str(workflow.current_basedir)).parent
os.environ["GENREGRAPH"] = str(HOME / "workflow" / "scripts" / "genregraph")
# Jobs start this Python, and no module of the folder at hand, also where no environment is active.
os.environ["PYTHONSAFEPATH"] = "1"
if str(Path(sys.executable).parent) not in os.environ["PATH"].split(os.pathsep):
    os.environ["PATH"] = (
        f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
if "{" in str(HOME) or "}" in str(HOME):
    raise WorkflowError(
        f"{HOME}: Snakemake takes text in braces for wildcards; rename it"
    )
sys.path.insert(0, str(HOME / "workflow" / "scripts"))


envvars:
    "GENREGRAPH",
    "PATH",
    "PYTHONSAFEPATH",


from genregraph.common.errors import UserError
from genregraph.plan.paths import (
    OF_CUT,
    OF_DATASET,
    OF_EXPERIMENT,
    OF_FOLDS,
    OF_MODELS,
    OF_NEW,
    OF_PART,
    OF_PROTOCOL,
    OF_SHARD,
    OVERVIEWS,
    Paths,
)
from genregraph.plan.report import PAGE, text_of
from genregraph.plan.resources import memory, memory_by_thread, minutes, threads_for
from genregraph.plan.run import Run
from genregraph.plan.steps import Steps

try:
    RUN = Run.of(config, HOME)
    PATHS = Paths(RUN)
    STEPS = Steps(RUN, PATHS)
except UserError as error:
    raise WorkflowError(str(error)) from None

CONFIG = RUN.config
# Cards that a job which trains by PyTorch asks for: --resources gpu=1 lets one run at a time.
CARDS = int(CONFIG.device in ("cuda", "mps"))
# Folds that a job fits side by side.
FOLDS_AT_ONCE = 1 if CARDS else threads_for(RUN)
# What is shown of the dataset of the run: results/NAME.
SHOWN = [
    *(f"{name}.csv" for name in (*OVERVIEWS, *RUN.runnable)),
    *(["predictions.csv"] if RUN.new else []),
    *("findings.md", "report.html"),
]


wildcard_constraints:
    dataset=CONFIG.dataset,
    cut="30s|3s",
    shard="[0-9]+",
    experiment="|".join(RUN.runnable) or "none",
    protocol="[a-z]+",


onstart:
    for note in RUN.notes():
        print(f"warning: {note}", file=sys.stderr)


def shown(path, caption, category="{dataset}", kind="Tables", **labels):
    """A result that Snakemake's own report shows, with its caption."""
    return report(
        path,
        caption=f"../workflow/scripts/genregraph/report/captions/{caption}.rst",
        category=category,
        subcategory=kind,
        labels=labels,
    )


def options(name):
    """Function of a job: an option --NAME=PATH for each of its input files of that name."""
    return lambda wildcards, input: [f"--{name}={path}" for path in input.get(name)]
