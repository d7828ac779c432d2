# From audio files to tables of results. Data moves left to right only:
#
#   audio -> features -> folds -> preprocessing -> graph -> models -> evaluation -> report
#
# results/<dataset>/audio/                    samples and audit of each shard of clips
# results/<dataset>/<cut>/                    clips.parquet, problems.csv, features/<table>.parquet
# results/<dataset>/experiments/<experiment>/<protocol>/   folds, inputs, graphs, models/
# results/<dataset>/predictions/              what was read of new music and predicted
# results/<dataset>/<experiment>.csv          the result; results/<experiment>.csv is its copy for
#                                             the dataset of the run, as are summary and findings
# results/.../made-with/<step>.<digest>.json  options, code and libraries of the files in that folder
# results/logs/, results/benchmarks/          of every job, under the same names
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.19")
if not Path(str(workflow.current_basedir)).is_dir():
    raise WorkflowError(
        f"{workflow.current_basedir}: the steps of this workflow are files beside its Snakefile: "
        "clone the repository, and name the Snakefile by its path"
    )


report: "workflow/report.rst"


include: "rules/common.smk"
include: "rules/step.smk"
include: "rules/audio.smk"
include: "rules/features.smk"
include: "rules/folds.smk"
include: "rules/preprocessing.smk"
include: "rules/graph.smk"
include: "rules/models.smk"
include: "rules/predict.smk"
include: "rules/evaluation.smk"
include: "rules/report.smk"
include: "rules/records.smk"


rule all:
    """Make all tables, figures, findings and the report of the dataset."""
    default_target: True
    input:
        PATHS.copies(),
        f"{PATHS.dataset}/ro-crate-metadata.json",
        PATHS.figures(),
    localrule: True
