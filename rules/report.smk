# Figures; what the results say, in words; one page of it all; and its description for machines.


OF_FOLDS = ["scatter", "graph", "history", "confusion"]
TEMPLATE = find("workflow/scripts/genregraph/report/findings.md.jinja", HOME)
PAGE_TEXTS = {
    name: find(f"workflow/scripts/genregraph/report/page/page.{extension}", HOME)
    for name, extension in (
        ("template", "html.jinja"),
        ("style", "css"),
        ("script", "js"),
    )
}
CALIBRATED = [
    f"{of_experiment(name)}/{table}.csv"
    for name in RUNNABLE
    for table in ("calibration", "reliability")
]
OF_RUN = CONFIG.model_dump_json(exclude={"predict"})
NOT_RUN = [f"{name}={reason}" for name, reason in NOT_RUNNABLE.items()]
FIGURES = {
    "tuning": f"{HERE}/tuning.csv",
    "correlation": f"{HERE}/30s/features/handcrafted.parquet",
    "clips": [
        f"{HERE}/{cut}/clips.parquet"
        for cut in sorted({e.cut for e in CONFIG.experiments.values()})
    ],
    "clip": [f"{HERE}/audio/{shard}/samples.parquet" for shard in SHARDS],
}
FIGURE = Step("report.figures.draw", f"{OF_DATASET}/figures", suffix=".{figure}")
CURVE_FIGURE = Step(
    "report.figures.draw", f"{OF_DATASET}/figures", suffix=".learning-curve"
)
PROTOCOL_FIGURES = Step(
    "report.figures.protocol_figures",
    OF_PROTOCOL,
    {"model": models_shown, "seed": CONFIG.seed},
)
IMPORTANCES = Step("report.figures.draw", OF_PROTOCOL, suffix=".importances")
EXPERIMENT_FIGURES = Step(
    "report.figures.experiment_figures", OF_EXPERIMENT, {"paper": papers_accuracy}
)
FINDINGS = Step(
    "report.findings",
    OF_DATASET,
    {"config": OF_RUN, "not_run": NOT_RUN},
    facts={"template": text_digest(TEMPLATE)},
)
PAGE = Step(
    "report.page.page",
    OF_DATASET,
    {
        "config": OF_RUN,
        "audio": None if UNHEARD else AUDIO,
        "ending": DATASET.endings,
        "not_run": NOT_RUN,
    },
    facts={
        "sheet": digest(ROWS),
        **{name: text_digest(path) for name, path in PAGE_TEXTS.items()},
    },
)
CRATE = Step(
    "report.crate",
    OF_DATASET,
    {"config": OF_RUN, "sheet": SHEET, "experiment": RUNNABLE},
    facts={
        "sheet": text_digest(SHEET),
        "contents": contents_of_every_table,
    },
)


rule figure:
    """Draw a figure of the dataset."""
    input:
        files=lambda wildcards: FIGURES[wildcards.figure],
        made_with=FIGURE.made_with,
    output:
        report(
            f"{OF_DATASET}/figures/{{figure}}.png",
            caption="../workflow/scripts/genregraph/report/captions/figure.rst",
            category="{dataset}",
            subcategory="Figures",
            labels={"figure": "{figure}"},
        ),
    log:
        FIGURE.log,
    benchmark:
        FIGURE.benchmark
    wildcard_constraints:
        figure="|".join(FIGURES),
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000, 10),
        runtime=minutes(10, 1),
    params:
        figure="{figure}",
    shell:
        'python "$GENREGRAPH" report.figures.draw {params.figure} {input.files:q} --output {output:q} 2> {log:q}'


use rule figure as learning_curve_figure with:
    input:
        files=f"{OF_DATASET}/learning-curve.csv",
        made_with=CURVE_FIGURE.made_with,
    output:
        report(
            f"{OF_DATASET}/figures/learning-curve.png",
            caption="../workflow/scripts/genregraph/report/captions/learning-curve.rst",
            category="{dataset}",
            subcategory="Figures",
            labels={"figure": "learning curve"},
        ),
    log:
        CURVE_FIGURE.log,
    benchmark:
        CURVE_FIGURE.benchmark
    params:
        figure="learning-curve",


rule protocol_figures:
    """Draw clips, graph, training and confusion under a protocol, and write its map."""
    input:
        inputs=f"{OF_PROTOCOL}/inputs.npz",
        graphs=f"{OF_PROTOCOL}/graph.npz",
        models=OF_MODELS,
        made_with=PROTOCOL_FIGURES.made_with,
    output:
        scatter=drawn(OF_PROTOCOL, "scatter", "scatter", protocol="{protocol}"),
        graph=drawn(OF_PROTOCOL, "graph", "graph", protocol="{protocol}"),
        history=drawn(OF_PROTOCOL, "history", "history", protocol="{protocol}"),
        confusion=drawn(OF_PROTOCOL, "confusion", "confusion", protocol="{protocol}"),
        map=f"{OF_PROTOCOL}/map.json",
    log:
        PROTOCOL_FIGURES.log,
    benchmark:
        PROTOCOL_FIGURES.benchmark
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1500, 10),
        runtime=minutes(20, 1),
    params:
        options=PROTOCOL_FIGURES.arguments,
    shell:
        'python "$GENREGRAPH" report.figures.protocol_figures --inputs {input.inputs:q}'
        " --graphs {input.graphs:q} --models {input.models:q} {params.options:q}"
        " --scatter {output.scatter:q} --graph {output.graph:q} --history {output.history:q}"
        " --confusion {output.confusion:q} --map {output.map:q} 2> {log:q}"


rule importances:
    """Draw what ControlBurn selected in the first fold of a protocol."""
    input:
        selection=f"{OF_PROTOCOL}/selection.csv",
        made_with=IMPORTANCES.made_with,
    output:
        drawn(OF_PROTOCOL, "importances", "importances", protocol="{protocol}"),
    log:
        IMPORTANCES.log,
    benchmark:
        IMPORTANCES.benchmark
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    shell:
        'python "$GENREGRAPH" report.figures.draw importances {input.selection:q} --output {output:q} 2> {log:q}'


rule experiment_figures:
    """Draw accuracies of folds, and accuracy by confidence, of an experiment."""
    input:
        results=f"{OF_DATASET}/{{experiment}}.csv",
        curves=f"{OF_EXPERIMENT}/reliability.csv",
        made_with=EXPERIMENT_FIGURES.made_with,
    output:
        folds=drawn(OF_EXPERIMENT, "folds", "folds", protocol="all"),
        reliability=drawn(
            OF_EXPERIMENT, "reliability", "calibration-figure", protocol="all"
        ),
    log:
        EXPERIMENT_FIGURES.log,
    benchmark:
        EXPERIMENT_FIGURES.benchmark
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        options=EXPERIMENT_FIGURES.arguments,
    shell:
        'python "$GENREGRAPH" report.figures.experiment_figures --results {input.results:q}'
        " --curves {input.curves:q} {params.options:q} --folds {output.folds:q}"
        " --reliability {output.reliability:q} 2> {log:q}"


rule findings:
    """Write what the tables say, in words."""
    input:
        results=every_result,
        tables=[
            f"{OF_DATASET}/summary.csv",
            f"{OF_DATASET}/comparisons.csv",
            *CALIBRATED,
        ],
        of_protocols=of_all_experiments(every_protocol("graph-health.csv", "leaks.csv")),
        learning_curve=learning_curve_of,
        tuning=tuning_of,
        made_with=FINDINGS.made_with,
    output:
        report(
            f"{OF_DATASET}/findings.md",
            caption="../workflow/scripts/genregraph/report/captions/findings.rst",
            category="{dataset}",
            subcategory="Tables",
            labels={"table": "findings"},
        ),
    log:
        FINDINGS.log,
    benchmark:
        FINDINGS.benchmark
    localrule: True
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        options=FINDINGS.arguments,
        folder=lambda wildcards: HERE,
        template=lambda wildcards: TEMPLATE,
        tables=lambda wildcards, input: [
            *(f"--learning-curve={path}" for path in input.learning_curve),
            *(f"--tuning={path}" for path in input.tuning),
        ],
    shell:
        'python "$GENREGRAPH" report.findings {input.results:q} --folder {params.folder:q}'
        " --template {params.template:q} {params.tables:q} {params.options:q} --output {output:q}"
        " 2> {log:q}"


rule page:
    """Write the report, one HTML page."""
    input:
        results=every_result,
        tables=[
            f"{OF_DATASET}/summary.csv",
            f"{OF_DATASET}/comparisons.csv",
            *CALIBRATED,
        ],
        of_protocols=of_all_experiments(
            every_protocol("graph-health.csv", "leaks.csv", "models")
        ),
        learning_curve=learning_curve_of,
        clips=of_all_experiments(lambda wildcards: [clips_of(wildcards)]),
        maps=maps,
        problems=all_problems,
        made_with=PAGE.made_with,
    output:
        report(
            f"{OF_DATASET}/report.html",
            caption="../workflow/scripts/genregraph/report/captions/page.rst",
            category="{dataset}",
            subcategory="Tables",
            labels={"table": "report"},
        ),
    log:
        PAGE.log,
    benchmark:
        PAGE.benchmark
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1500, 5),
        runtime=minutes(10, 0.5),
    params:
        options=PAGE.arguments,
        folder=lambda wildcards: HERE,
        benchmarks=f"results/benchmarks/{CONFIG.dataset}",
        sheet=SHEET,
        texts=[f"--{name}={path}" for name, path in PAGE_TEXTS.items()],
        lists=lambda wildcards, input: [
            *(f"--learning-curve={path}" for path in input.learning_curve),
            *(f"--map={path}" for path in input.maps),
            *(f"--problems={path}" for path in input.problems),
        ],
    shell:
        'python "$GENREGRAPH" report.page.page {input.results:q} --folder {params.folder:q}'
        " --benchmarks {params.benchmarks:q} --sheet {params.sheet:q} {params.lists:q}"
        " {params.texts:q} {params.options:q} --output {output:q} 2> {log:q}"


rule crate:
    """Describe all that `all` makes, and what it was made from, as an RO-Crate."""
    input:
        files=published,
        models=of_all_experiments(every_protocol("models")),
        clips=of_all_experiments(lambda wildcards: [clips_of(wildcards)]),
        imported=lambda wildcards: users(every_imported_file(wildcards).values()),
        made_with=CRATE.made_with,
    output:
        metadata=f"{OF_DATASET}/ro-crate-metadata.json",
        workflow=f"{OF_DATASET}/workflow.zip",
    log:
        CRATE.log,
    benchmark:
        CRATE.benchmark
    localrule: True
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        options=CRATE.arguments,
        folder=lambda wildcards: HERE,
        lists=lambda wildcards, input: [
            *(f"--models={path}" for path in input.models),
            *(f"--clips={path}" for path in sorted(set(input.clips)) if not UNHEARD),
            *(
                f"--table={name}={path}"
                for name, path in every_imported_file(wildcards).items()
            ),
        ],
    shell:
        'python "$GENREGRAPH" report.crate {input.files:q} --folder {params.folder:q}'
        " {params.options:q} {params.lists:q} --workflow {output.workflow:q}"
        " --output {output.metadata:q} 2> {log:q}"
