# From predictions to tables of results, by dataset; and their copies for the dataset of the run.

COLLECT = Step(
    "results.collect",
    OF_EXPERIMENT,
    {
        "dataset": CONFIG.dataset,
        "paper": papers_accuracy,
        "compared": compared_of,
        "synthesised": DATASET.synthesised,
    },
)
POOLED = Step(
    "results.pooled",
    OF_EXPERIMENT,
    {"dataset": CONFIG.dataset, "compared": compared_of},
)
CALIBRATION = Step(
    "results.calibration",
    OF_EXPERIMENT,
    {"dataset": CONFIG.dataset, "compared": compared_of, "scaled": is_scaled},
)
AHEAD = Step(
    "results.ahead",
    OF_EXPERIMENT,
    {"dataset": CONFIG.dataset, "compared": compared_of},
)
VARIED = Step("results.variants", OF_EXPERIMENT, {"dataset": CONFIG.dataset})
CHOICES = Step("results.choices", OF_EXPERIMENT, {"dataset": CONFIG.dataset})
TUNING = Step(
    "results.tuning",
    OF_DATASET,
    {"dataset": CONFIG.dataset, "experiment": CONFIG.tuning.experiment},
)
SUMMARY = Step(
    "results.summarise",
    OF_DATASET,
    {
        "paper": papers_accuracies,
        "note": [
            f"{name}={CONFIG.experiments[name].note}"
            for name in RUNNABLE
            if CONFIG.experiments[name].note
        ],
        "synthesised": DATASET.synthesised,
    },
)
POOLED_TABLES = [f"{of_experiment(name)}/pooled.csv" for name in RUNNABLE]
SHOWN = ["summary", "tuning", *PREDICTED, *RUNNABLE]
SHOW = Step(
    "results.show", "results", facts={"dataset": CONFIG.dataset}, suffix=".{name}"
)


rule collect:
    input:
        protocols=f"{OF_EXPERIMENT}/protocols.json",
        folds=every_protocol("folds.parquet", "graph-health.csv"),
        outputs=outputs,
        problems=problems_of,
        made_with=COLLECT.made_with,
    output:
        table=report(
            f"{OF_DATASET}/{{experiment}}.csv",
            caption="../workflow/scripts/report/captions/result.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "results", "protocol": "all"},
        ),
        text=f"{OF_DATASET}/{{experiment}}.txt",
    log:
        COLLECT.log,
    benchmark:
        COLLECT.benchmark
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 2),
        runtime=minutes(10),
    params:
        options=COLLECT.arguments,
        folders=every_protocol(""),
        problems=lambda wildcards: [
            f"--problems={path}" for path in problems_of(wildcards)
        ],
    shell:
        'python "$GENREGRAPH" results.collect {params.folders:q} --experiment {wildcards.experiment}'
        " {params.options:q} {params.problems:q} --protocols {input.protocols:q}"
        " --text {output.text:q} --output {output.table:q} 2> {log:q}"


rule pooled:
    input:
        folds=every_protocol("folds.parquet"),
        outputs=outputs,
        clips=clips_of,
        made_with=POOLED.made_with,
    output:
        report(
            f"{OF_EXPERIMENT}/pooled.csv",
            caption="../workflow/scripts/report/captions/pooled.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "pooled comparison", "protocol": "all"},
        ),
    log:
        POOLED.log,
    benchmark:
        POOLED.benchmark
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 2),
        runtime=minutes(10),
    params:
        options=POOLED.arguments,
        folders=every_protocol(""),
    shell:
        'python "$GENREGRAPH" results.pooled {params.folders:q} --clips {input.clips:q}'
        " --experiment {wildcards.experiment} {params.options:q} --output {output:q} 2> {log:q}"


rule calibration:
    input:
        folds=every_protocol("folds.parquet"),
        outputs=outputs,
        scaled=every_protocol(at_temperatures),
        made_with=CALIBRATION.made_with,
    output:
        table=report(
            f"{OF_EXPERIMENT}/calibration.csv",
            caption="../workflow/scripts/report/captions/calibration.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "calibration", "protocol": "all"},
        ),
        curves=report(
            f"{OF_EXPERIMENT}/reliability.csv",
            caption="../workflow/scripts/report/captions/reliability.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "reliability", "protocol": "all"},
        ),
    log:
        CALIBRATION.log,
    benchmark:
        CALIBRATION.benchmark
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 2),
        runtime=minutes(10),
    params:
        options=CALIBRATION.arguments,
        folders=every_protocol(""),
    shell:
        'python "$GENREGRAPH" results.calibration {params.folders:q}'
        " --experiment {wildcards.experiment} {params.options:q} --curves {output.curves:q}"
        " --output {output.table:q} 2> {log:q}"


rule ahead:
    input:
        folds=every_protocol("folds.parquet"),
        outputs=outputs,
        clips=clips_of,
        made_with=AHEAD.made_with,
    output:
        report(
            f"{OF_EXPERIMENT}/ahead.csv",
            caption="../workflow/scripts/report/captions/ahead.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "ahead of others", "protocol": "all"},
        ),
    log:
        AHEAD.log,
    benchmark:
        AHEAD.benchmark
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 2),
        runtime=minutes(10),
    params:
        options=AHEAD.arguments,
        folders=every_protocol(""),
    shell:
        'python "$GENREGRAPH" results.ahead {params.folders:q} --clips {input.clips:q}'
        " --experiment {wildcards.experiment} {params.options:q} --output {output:q} 2> {log:q}"


rule varied:
    input:
        folds=every_protocol("folds.parquet"),
        outputs=outputs,
        variants=every_protocol(*VARIED_FILES),
        clips=clips_of,
        made_with=VARIED.made_with,
    output:
        report(
            f"{OF_EXPERIMENT}/variants.csv",
            caption="../workflow/scripts/report/captions/variants.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "variants", "protocol": "all"},
        ),
    log:
        VARIED.log,
    benchmark:
        VARIED.benchmark
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 2),
        runtime=minutes(10),
    params:
        options=VARIED.arguments,
        folders=every_protocol(""),
    shell:
        'python "$GENREGRAPH" results.variants {params.folders:q} --clips {input.clips:q}'
        " --experiment {wildcards.experiment} {params.options:q} --output {output:q} 2> {log:q}"


rule choices:
    input:
        folds=every_protocol("folds.parquet"),
        choices=every_protocol("models/choice.csv"),
        made_with=CHOICES.made_with,
    output:
        report(
            f"{OF_EXPERIMENT}/choices.csv",
            caption="../workflow/scripts/report/captions/choices.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "choices of models", "protocol": "all"},
        ),
    log:
        CHOICES.log,
    benchmark:
        CHOICES.benchmark
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        options=CHOICES.arguments,
        folders=every_protocol(""),
    shell:
        'python "$GENREGRAPH" results.choices {params.folders:q}'
        " --experiment {wildcards.experiment} {params.options:q} --output {output:q} 2> {log:q}"


rule tuning:
    input:
        folds=tuned_folds,
        made_with=TUNING.made_with,
    output:
        table=report(
            f"{OF_DATASET}/tuning.csv",
            caption="../workflow/scripts/report/captions/tuning.rst",
            category="{dataset}",
            subcategory="Tables",
            labels={"table": "tuning"},
        ),
        text=f"{OF_DATASET}/tuning.txt",
    log:
        TUNING.log,
    benchmark:
        TUNING.benchmark
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        options=TUNING.arguments,
    shell:
        'python "$GENREGRAPH" results.tuning {input.folds:q} {params.options:q}'
        " --text {output.text:q} --output {output.table:q} 2> {log:q}"


rule summary:
    input:
        results=every_result,
        pooled=POOLED_TABLES,
        of_protocols=of_all_experiments(
            every_protocol("folds.parquet", "graph-health.csv")
        ),
        made_with=SUMMARY.made_with,
    output:
        table=report(
            f"{OF_DATASET}/summary.csv",
            caption="../workflow/scripts/report/captions/summary.rst",
            category="{dataset}",
            subcategory="Tables",
            labels={"table": "summary"},
        ),
        text=f"{OF_DATASET}/summary.txt",
    log:
        SUMMARY.log,
    benchmark:
        SUMMARY.benchmark
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        options=SUMMARY.arguments,
        folder=lambda wildcards: f"{HERE}/experiments",
        pooled=[f"--pooled={path}" for path in POOLED_TABLES],
    shell:
        'python "$GENREGRAPH" results.summarise {input.results:q} --folder {params.folder:q}'
        " {params.pooled:q} {params.options:q} --text {output.text:q} --output {output.table:q} 2> {log:q}"


# What a run is for: the terminal tells of it last.
rule show:
    input:
        found=f"{HERE}/{{name}}",
        beside=lambda wildcards: BESIDE.get(wildcards.name, []),
        made_with=SHOW.made_with,
    output:
        "results/{name}",
    log:
        SHOW.log,
    benchmark:
        SHOW.benchmark
    wildcard_constraints:
        name=rf"({'|'.join(SHOWN)})\.csv|findings\.md|report\.html",
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(500),
        runtime=minutes(10),
    shell:
        'python "$GENREGRAPH" results.show --found {input.found:q} --output {output:q} 2> {log:q}'


# Who asks for the result of an experiment that cannot be, or of none, reads why, not that no rule
# makes it.
rule not_runnable:
    input:
        why_not,
    output:
        "results/{name}.csv",
    log:
        "results/logs/not_runnable.{name}.log",
    wildcard_constraints:
        name=rf"(?!(?:{'|'.join(SHOWN)})\.csv)(?!predictions\.csv)[^/]+",
    localrule: True
    conda:
        "../envs/learning.yaml"
    shell:
        "exit 1"
