# Figures; what the results say, in words; one page of it all; and a description for machines.

# What figures of the dataset are drawn of.
DRAWN_OF = {
    **{name: f"{PATHS.dataset}/{name}.csv" for name in ("tuning", "learning-curve")},
    "correlation": f"{PATHS.dataset}/30s/features/handcrafted.parquet",
    "clip": [f"{PATHS.dataset}/audio/{shard}/samples.parquet" for shard in RUN.shards],
}

OF_DATASET_TABLES = [
    *(f"{OF_DATASET}/{name}.csv" for name in ("summary", "comparisons")),
    *PATHS.of_experiments("calibration.csv", "protocols.json"),
]


use rule report_step as figure with:
    """Draw a figure of the dataset."""
    input:
        lambda wildcards: DRAWN_OF[wildcards.figure],
        made_with=STEPS["figure"].made_with,
    output:
        output=shown(f"{OF_DATASET}/figures/{{figure}}.png", "figure"),
    pathvars:
        job=f"{STEPS['figure'].job_path}.{{figure}}",
    wildcard_constraints:
        figure="|".join(DRAWN_OF),
    resources:
        mem_mb=memory(1000, 10),
        runtime=minutes(10, 1),


use rule report_step as importances with:
    """Draw the importances of a protocol's features."""
    input:
        f"{OF_PROTOCOL}/selection.csv",
        made_with=STEPS["importances"].made_with,
    output:
        output=shown(f"{OF_PROTOCOL}/figures/importances.png"),
    pathvars:
        job=f"{STEPS['importances'].job_path}.importances",


use rule report_step as protocol_figures with:
    """Draw clips, graph, training and confusion under a protocol, and write its map."""
    input:
        inputs=f"{OF_PROTOCOL}/inputs.npz",
        graphs=f"{OF_PROTOCOL}/graph.npz",
        models=OF_MODELS,
        made_with=STEPS["protocol_figures"].made_with,
    output:
        scatter=shown(f"{OF_PROTOCOL}/figures/scatter.png"),
        graph=shown(f"{OF_PROTOCOL}/figures/graph.png"),
        history=shown(f"{OF_PROTOCOL}/figures/history.png"),
        confusion=shown(f"{OF_PROTOCOL}/figures/confusion.png"),
        map=f"{OF_PROTOCOL}/map.json",
    pathvars:
        job=STEPS["protocol_figures"].job_path,
    resources:
        mem_mb=memory(1500, 10),
        runtime=minutes(20, 1),


use rule report_step as experiment_figures with:
    """Draw accuracies of folds, and accuracy by confidence, of an experiment."""
    input:
        results=f"{OF_DATASET}/{{experiment}}.csv",
        curves=f"{OF_EXPERIMENT}/reliability.csv",
        made_with=STEPS["experiment_figures"].made_with,
    output:
        folds=shown(f"{OF_EXPERIMENT}/figures/folds.png"),
        reliability=shown(
            f"{OF_EXPERIMENT}/figures/reliability.png", "calibration-figure"
        ),
    pathvars:
        job=STEPS["experiment_figures"].job_path,


use rule report_step as findings with:
    """Write what the tables say, in words."""
    input:
        PATHS.results,
        needed=OF_DATASET_TABLES + PATHS.of_protocols("graph-health.csv", "leaks.csv"),
        learning_curve=PATHS.further("learning-curve"),
        tuning=PATHS.further("tuning"),
        made_with=STEPS["findings"].made_with,
    output:
        output=shown(f"{OF_DATASET}/findings.md"),
    pathvars:
        job=STEPS["findings"].job_path,
    localrule: True


use rule report_step as page with:
    """Write the report, one HTML page."""
    input:
        PATHS.results,
        needed=OF_DATASET_TABLES
        + PATHS.of_protocols("graph-health.csv", "leaks.csv", "models")
        + PATHS.once(PATHS.clips),
        learning_curve=PATHS.further("learning-curve"),
        map=PATHS.of_protocols("map.json", only_strictest=True),
        problems=PATHS.once(PATHS.problems),
        made_with=STEPS["page"].made_with,
    output:
        output=shown(f"{OF_DATASET}/report.html", "page"),
    pathvars:
        job=STEPS["page"].job_path,
    resources:
        mem_mb=memory(1500, 5),
        runtime=minutes(10, 0.5),


use rule report_step as crate with:
    """Describe all that `all` makes, and what it was made from, as an RO-Crate."""
    input:
        PATHS.published(),
        models=PATHS.of_protocols("models"),
        clips=[] if RUN.without_audio else PATHS.once(PATHS.clips),
        made_with=STEPS["crate"].made_with,
    output:
        output=f"{OF_DATASET}/ro-crate-metadata.json",
        workflow=f"{OF_DATASET}/workflow.zip",
    pathvars:
        job=STEPS["crate"].job_path,
    localrule: True
