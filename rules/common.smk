# What all rules share: the run that was asked for, its files and its steps (genregraph.plan).
import os
import sys
from functools import partial
from pathlib import Path

from snakemake.exceptions import WorkflowError

# The workflow may run in another folder, or as a module of another workflow: its files are found
# from here, what it computes lies where Snakemake runs. Jobs start steps as python "$GENREGRAPH".
HOME = Path(str(workflow.current_basedir)).parent
os.environ["GENREGRAPH"] = str(HOME / "workflow" / "scripts" / "genregraph")
# Jobs start this Python, and no module of the folder at hand, also where no environment is active.
os.environ["PYTHONSAFEPATH"] = "1"
BIN = str(Path(sys.executable).parent)
FOLDERS = os.environ["PATH"].split(os.pathsep)
if BIN not in FOLDERS:
    os.environ["PATH"] = os.pathsep.join([BIN, *FOLDERS])
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
from genregraph.config.load import read_yaml
from genregraph.plan.paths import OF_CUT, OF_DATASET, OF_EXPERIMENT, OF_MODELS, OF_NEW
from genregraph.plan.paths import OF_PART, OF_PROTOCOL, OF_SHARD, Paths
from genregraph.plan.resources import memory, minutes, threads_for
from genregraph.plan.run import Run
from genregraph.plan.step import command_of
from genregraph.plan.steps import Steps

try:
    for path in map(Path, workflow.configfiles):
        if path.suffix in (".yaml", ".yml") and path.is_file():
            read_yaml(path)  # Of a key that stands twice, Snakemake drops the first.
    RUN = Run.of(config, HOME)
    PATHS = Paths(RUN)
    STEPS = Steps(RUN, PATHS)
except UserError as error:
    raise WorkflowError(str(error)) from None

CONFIG = RUN.config
RECORDS = STEPS.records()
OF_RECORDS = {Path(record).name: content for record, content in RECORDS.items()}
# Cards that a job which trains by PyTorch asks for: --resources gpu=1 lets one run at a time.
CARDS = int(CONFIG.device in ("cuda", "mps"))
# Folds that a job fits side by side.
FOLDS_AT_ONCE = 1 if CARDS else threads_for(RUN)


wildcard_constraints:
    dataset=CONFIG.dataset,
    cut="30s|3s",
    shard="[0-9]+",
    experiment="|".join(RUN.runnable) or "none",
    protocol="[a-z]+",
    part="[0-9]+-of-[0-9]+",


onstart:
    for note in RUN.notes():
        print(f"warning: {note}", file=sys.stderr)


# Files of all values of some wildcards.
every = partial(expand, allow_missing=True)


def shown(path, caption="", **labels):
    """A result that Snakemake's own report shows; its path says what is not stated."""
    name, is_figure = Path(path).stem.rpartition(".")[2], path.endswith(".png")
    of_experiment = "{experiment}" in path
    if of_experiment:
        labels.setdefault("protocol", "{protocol}" if "{protocol}" in path else "all")
    return report(
        path,
        caption=f"../workflow/scripts/genregraph/report/captions/{caption or name}.rst",
        category="{experiment}" if of_experiment else "{dataset}",
        subcategory="Figures" if is_figure else "Tables",
        labels={"figure" if is_figure else "table": name.replace("-", " "), **labels},
    )


def command(wildcards, input, output):
    """What a job runs: the step and the options of its record, and its files."""
    record = Path(input.made_with).name
    return command_of(record, OF_RECORDS[record], input, output)
