# Figures, from the files of the other rooms; and what the results say, in words.

TEMPLATE = find("workflow/scripts/report/findings.md.jinja", HOME)
CHOSEN = [f"{of_experiment(name)}/choices.csv" for name in with_model("best")]
TRUSTED = [f"{of_experiment(name)}/calibration.csv" for name in RUNNABLE]
AHEAD_OF_ALL = [f"{of_experiment(name)}/ahead.csv" for name in with_model(*OF_OWN_RULE)]
WORTH = [f"{of_experiment(name)}/variants.csv" for name in with_variants()]
FIGURES = {
    "scatter": first_fold("inputs.npz"),
    "graph": first_fold("inputs.npz", "graph.npz"),
    "importances": first_fold("selection.csv"),
    "history": every_fold("history.csv"),
    "confusion": every_fold("predictions.parquet"),
    "folds": lambda wildcards: f"{HERE}/{wildcards.experiment}.csv",
    "reliability": lambda wildcards: f"{of_experiment(wildcards.experiment)}/reliability.csv",
    "tuning": f"{HERE}/tuning.csv",
    "correlation": f"{HERE}/30s/features/handcrafted.parquet",
    "clips": [
        f"{HERE}/{cut}/clips.parquet"
        for cut in sorted({e.cut for e in CONFIG.experiments.values()})
    ],
    "clip": [f"{HERE}/audio/{shard}/samples.parquet" for shard in SHARDS],
}
RANDOM = ("scatter", "graph")  # Figures that place points at random.
FIGURE = Step(
    "report.{figure}",
    "results/{place}/figures",
    {
        "seed": lambda wildcards: CONFIG.seed if wildcards.figure in RANDOM else None,
        "paper": lambda wildcards: (
            papers_accuracy(placed(wildcards)) if wildcards.figure == "folds" else None
        ),
    },
)
FINDINGS = Step(
    "report.findings",
    OF_DATASET,
    {
        "dataset": CONFIG.dataset,
        "metric": [
            f"{name}={CONFIG.experiments[name].graph.metric}" for name in RUNNABLE
        ],
        "variant": [
            f"{name}.{variant}={differing(settings)}"
            for name in RUNNABLE
            for variant, settings in CONFIG.experiments[name].variants.items()
        ],
        "not_run": [f"{name}={reason}" for name, reason in NOT_RUNNABLE.items()],
        "synthesised": DATASET.synthesised,
    },
    facts={"template": text_digest(TEMPLATE)},
)


rule figure:
    input:
        files=lambda wildcards: files_of(FIGURES[wildcards.figure], placed(wildcards)),
        made_with=FIGURE.made_with,
    output:
        "results/{place}/figures/{figure}.png",
    log:
        FIGURE.log,
    benchmark:
        FIGURE.benchmark
    wildcard_constraints:
        figure="|".join(FIGURES),
        place=f"{CONFIG.dataset}(/experiments/.+)?",
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000, 10),
        runtime=minutes(10, 1),
    params:
        options=FIGURE.arguments,
    shell:
        'python "$GENREGRAPH" report.{wildcards.figure} {input.files:q} {params.options:q}'
        " --output {output:q} 2> {log:q}"


rule findings:
    input:
        results=[f"{HERE}/{name}.csv" for name in RUNNABLE],
        summary=f"{OF_DATASET}/summary.csv",
        tables=of_all_experiments(every_protocol("graph-health.csv", "leaks.csv")),
        choices=CHOSEN,
        ahead=AHEAD_OF_ALL,
        calibration=TRUSTED,
        variants=WORTH,
        tuning=tuning_of,
        made_with=FINDINGS.made_with,
    output:
        f"{OF_DATASET}/findings.md",
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
        folder=lambda wildcards: f"{HERE}/experiments",
        template=lambda wildcards: TEMPLATE,
        tables=lambda wildcards: [
            *(f"--choices={path}" for path in CHOSEN),
            *(f"--ahead={path}" for path in AHEAD_OF_ALL),
            *(f"--calibration={path}" for path in TRUSTED),
            *(f"--variants={path}" for path in WORTH),
            *(f"--tuning={path}" for path in tuning_of(wildcards)),
        ],
    shell:
        'python "$GENREGRAPH" report.findings {input.results:q} --summary {input.summary:q}'
        " --folder {params.folder:q} --template {params.template:q} {params.tables:q}"
        " {params.options:q} --output {output:q} 2> {log:q}"
