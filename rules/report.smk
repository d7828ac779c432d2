# Figures, from the files of the other rooms; what the results say, in words; and one page of it all.

from report.strictness import strictest

TEMPLATE = find("workflow/scripts/report/findings.md.jinja", HOME)
PAGE_TEXTS = {
    name: find(f"workflow/scripts/report/page.{ending}", HOME)
    for name, ending in (
        ("template", "html.jinja"),
        ("style", "css"),
        ("script", "js"),
    )
}
CHOSEN = [f"{of_experiment(name)}/choices.csv" for name in with_model("best")]
TRUSTED = [f"{of_experiment(name)}/calibration.csv" for name in RUNNABLE]
AHEAD_OF_ALL = [f"{of_experiment(name)}/ahead.csv" for name in with_model(*OF_OWN_RULE)]
WORTH = [f"{of_experiment(name)}/variants.csv" for name in with_variants()]
CURVES = [f"{of_experiment(name)}/reliability.csv" for name in RUNNABLE]
BESIDE_SUMMARY = [*POOLED_TABLES, *AHEAD_OF_ALL, *WORTH, *CHOSEN, *TRUSTED, *CURVES]
VARIANTS = [
    f"{name}.{variant}={differing(settings)}"
    for name in RUNNABLE
    for variant, settings in CONFIG.experiments[name].variants.items()
]
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
            f"{name}={CONFIG.experiments[name].graph.nearness}" for name in RUNNABLE
        ],
        "variant": VARIANTS,
        "not_run": [f"{name}={reason}" for name, reason in NOT_RUNNABLE.items()],
        "synthesised": DATASET.synthesised,
    },
    facts={"template": text_digest(TEMPLATE)},
)
MAP = Step("report.map", OF_PROTOCOL, {"compared": compared_of, "seed": CONFIG.seed})
PAGE = Step(
    "report.page",
    OF_DATASET,
    {
        "config": CONFIG.model_dump_json(exclude={"predict"}),
        "audio": None if UNHEARD else AUDIO,
        "ending": DATASET.endings,
        "variant": VARIANTS,
        "not_run": [f"{name}={reason}" for name, reason in NOT_RUNNABLE.items()],
        "synthesised": DATASET.synthesised,
    },
    facts={
        "sheet": digest(ROWS),
        **{name: text_digest(path) for name, path in PAGE_TEXTS.items()},
    },
)

CRATE = Step(
    "report.crate",
    OF_DATASET,
    {
        "config": CONFIG.model_dump_json(exclude={"predict"}),
        "sheet": SHEET,
        "of_fold": [
            f"{name}={','.join(fold_files(Place(experiment=name)))}"
            for name in RUNNABLE
        ],
    },
    facts={
        "sheet": text_digest(SHEET),
        "contents": contents_of_every_table,
    },
)


rule figure:
    input:
        files=lambda wildcards: files_of(FIGURES[wildcards.figure], placed(wildcards)),
        made_with=FIGURE.made_with,
    output:
        report(
            "results/{place}/figures/{figure}.png",
            caption="../workflow/scripts/report/captions/figure.rst",
            category=lambda wildcards: shelf(wildcards)[0],
            subcategory="Figures",
            labels=lambda wildcards: {
                "figure": wildcards.figure,
                "protocol": shelf(wildcards)[1],
            },
        ),
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
        results=every_result,
        summary=f"{OF_DATASET}/summary.csv",
        tables=of_all_experiments(every_protocol("graph-health.csv", "leaks.csv")),
        choices=CHOSEN,
        ahead=AHEAD_OF_ALL,
        calibration=TRUSTED,
        variants=WORTH,
        tuning=tuning_of,
        made_with=FINDINGS.made_with,
    output:
        report(
            f"{OF_DATASET}/findings.md",
            caption="../workflow/scripts/report/captions/findings.rst",
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


rule clip_map:
    input:
        every_fold("inputs.npz", "graph.npz"),
        outputs=outputs,
        folds=f"{OF_PROTOCOL}/folds.parquet",
        made_with=MAP.made_with,
    output:
        f"{OF_PROTOCOL}/map.json",
    log:
        MAP.log,
    benchmark:
        MAP.benchmark
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1500, 6),
        runtime=minutes(20, 1),
    params:
        options=MAP.arguments,
        folder=lambda wildcards: OF_PROTOCOL.format(**wildcards),
    shell:
        'python "$GENREGRAPH" report.map {params.folder:q} {params.options:q}'
        " --output {output:q} 2> {log:q}"


rule page:
    input:
        results=every_result,
        summary=f"{OF_DATASET}/summary.csv",
        tables=of_all_experiments(
            every_protocol("folds.parquet", "graph-health.csv", "leaks.csv"),
            every_fold("history.csv", "predictions.parquet"),
        ),
        clips=of_all_experiments(lambda wildcards: [clips_of(wildcards)]),
        maps=maps,
        problems=all_problems,
        beside=BESIDE_SUMMARY,
        made_with=PAGE.made_with,
    output:
        report(
            f"{OF_DATASET}/report.html",
            caption="../workflow/scripts/report/captions/page.rst",
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
        lists=lambda wildcards: [
            *(f"--map={path}" for path in maps(wildcards)),
            *(f"--problems={path}" for path in all_problems(wildcards)),
            *(f"--beside={path}" for path in BESIDE_SUMMARY),
        ],
    shell:
        'python "$GENREGRAPH" report.page {input.results:q} --summary {input.summary:q}'
        " --folder {params.folder:q} --benchmarks {params.benchmarks:q} --sheet {params.sheet:q}"
        " {params.lists:q} {params.texts:q} {params.options:q} --output {output:q} 2> {log:q}"


# All that `all` makes, and what it was made from. Tables made elsewhere are known by their contents.
rule crate:
    input:
        files=published,
        tables=[*POOLED_TABLES, *TRUSTED, *CHOSEN, *AHEAD_OF_ALL, *WORTH],
        curves=CURVES,
        folds=of_all_experiments(every_fold(fold_files)),
        clips=of_all_experiments(lambda wildcards: [clips_of(wildcards)]),
        imported=lambda wildcards: [
            ancient(path) for path in nameable(every_imported_file(wildcards).values())
        ],
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
            *(f"--clips={path}" for path in sorted(set(input.clips)) if not UNHEARD),
            *(
                f"--table={name}={path}"
                for name, path in every_imported_file(wildcards).items()
            ),
        ],
    shell:
        'python "$GENREGRAPH" report.crate {input.files:q} {input.tables:q} {input.curves:q}'
        " --folder {params.folder:q} {params.options:q} {params.lists:q}"
        " --workflow {output.workflow:q} --output {output.metadata:q} 2> {log:q}"
