# Figures; what the results say, in words; one page of it all; and a description for machines.

# What figures of the dataset are drawn of.
DRAWN_OF = {
    **{name: f"{PATHS.dataset}/{name}.csv" for name in ("tuning", "learning-curve")},
    "correlation": f"{PATHS.dataset}/30s/features/handcrafted.parquet",
    "clips": PATHS.once(PATHS.clips),
    "clip": [f"{PATHS.dataset}/audio/{shard}/samples.parquet" for shard in RUN.shards],
}

OF_DATASET_TABLES = [
    *(f"{OF_DATASET}/{name}.csv" for name in ("summary", "comparisons")),
    *PATHS.of_experiments("calibration.csv", "protocols.json"),
]


rule figure:
    """Draw a figure of the dataset."""
    input:
        files=lambda wildcards: DRAWN_OF[wildcards.figure],
        made_with=STEPS["figure"].made_with,
    output:
        shown(f"{OF_DATASET}/figures/{{figure}}.png", "figure"),
    log:
        STEPS["figure"].log,
    benchmark:
        STEPS["figure"].benchmark
    wildcard_constraints:
        figure="|".join(DRAWN_OF),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000, 10),
        runtime=minutes(10, 1),
    params:
        figure="{figure}",
    shell:
        'python "$GENREGRAPH" report.figures.draw {params.figure} {input.files:q} --output {output:q} 2> {log:q}'


rule protocol_figures:
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
    log:
        STEPS["protocol_figures"].log,
    benchmark:
        STEPS["protocol_figures"].benchmark
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1500, 10),
        runtime=minutes(20, 1),
    params:
        options=STEPS["protocol_figures"].arguments,
    shell:
        'python "$GENREGRAPH" report.figures.protocol_figures --inputs {input.inputs:q}'
        " --graphs {input.graphs:q} --models {input.models:q} {params.options:q}"
        " --scatter {output.scatter:q} --graph {output.graph:q} --history {output.history:q}"
        " --confusion {output.confusion:q} --map {output.map:q} 2> {log:q}"


use rule figure as importances with:
    input:
        files=f"{OF_PROTOCOL}/selection.csv",
        made_with=STEPS["importances"].made_with,
    output:
        shown(f"{OF_PROTOCOL}/figures/importances.png"),
    log:
        STEPS["importances"].log,
    benchmark:
        STEPS["importances"].benchmark
    params:
        figure="importances",


rule experiment_figures:
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
    log:
        STEPS["experiment_figures"].log,
    benchmark:
        STEPS["experiment_figures"].benchmark
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        options=STEPS["experiment_figures"].arguments,
    shell:
        'python "$GENREGRAPH" report.figures.experiment_figures --results {input.results:q}'
        " --curves {input.curves:q} {params.options:q} --folds {output.folds:q}"
        " --reliability {output.reliability:q} 2> {log:q}"


rule findings:
    """Write what the tables say, in words."""
    input:
        results=PATHS.results,
        tables=OF_DATASET_TABLES,
        of_protocols=PATHS.of_protocols("graph-health.csv", "leaks.csv"),
        learning_curve=PATHS.learning_curve(),
        tuning=PATHS.tuning(),
        made_with=STEPS["findings"].made_with,
    output:
        shown(f"{OF_DATASET}/findings.md"),
    log:
        STEPS["findings"].log,
    benchmark:
        STEPS["findings"].benchmark
    localrule: True
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        options=STEPS["findings"].arguments,
        folder=lambda wildcards, output: Path(output[0]).parent,
        tables=options("learning_curve", "tuning"),
    shell:
        'python "$GENREGRAPH" report.findings {input.results:q} --folder {params.folder:q}'
        " {params.tables:q} {params.options:q} --output {output:q} 2> {log:q}"


rule page:
    """Write the report, one HTML page."""
    input:
        results=PATHS.results,
        tables=OF_DATASET_TABLES,
        of_protocols=PATHS.of_protocols("graph-health.csv", "leaks.csv", "models"),
        learning_curve=PATHS.learning_curve(),
        clips=PATHS.once(PATHS.clips),
        map=PATHS.of_protocols("map.json", only_strictest=True),
        problems=PATHS.once(PATHS.problems),
        made_with=STEPS["page"].made_with,
    output:
        shown(f"{OF_DATASET}/report.html", "page"),
    log:
        STEPS["page"].log,
    benchmark:
        STEPS["page"].benchmark
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1500, 5),
        runtime=minutes(10, 0.5),
    params:
        options=STEPS["page"].arguments,
        folder=lambda wildcards, output: Path(output[0]).parent,
        benchmarks=lambda wildcards, output: Path(output[0]).parents[1]
        / f"benchmarks/{wildcards.dataset}",
        sheet=RUN.sheet,
        lists=options("learning_curve", "map", "problems"),
    shell:
        'python "$GENREGRAPH" report.page.page {input.results:q} --folder {params.folder:q}'
        " --benchmarks {params.benchmarks:q} --sheet {params.sheet:q} {params.lists:q}"
        " {params.options:q} --output {output:q} 2> {log:q}"


rule crate:
    """Describe all that `all` makes, and what it was made from, as an RO-Crate."""
    input:
        files=PATHS.published(),
        models=PATHS.of_protocols("models"),
        clips=[] if RUN.without_audio else PATHS.once(PATHS.clips),
        made_with=STEPS["crate"].made_with,
    output:
        metadata=f"{OF_DATASET}/ro-crate-metadata.json",
        workflow=f"{OF_DATASET}/workflow.zip",
    log:
        STEPS["crate"].log,
    benchmark:
        STEPS["crate"].benchmark
    localrule: True
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        options=STEPS["crate"].arguments,
        folder=lambda wildcards, output: Path(output[0]).parent,
        lists=options("models", "clips"),
        tables=[
            f"--table={name}={path}" for name, path in PATHS.imported_tables().items()
        ],
    shell:
        'python "$GENREGRAPH" report.crate {input.files:q} --folder {params.folder:q}'
        " {params.options:q} {params.lists:q} {params.tables:q} --workflow {output.workflow:q}"
        " --output {output.metadata:q} 2> {log:q}"
