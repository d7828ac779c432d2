# From predictions to tables of results, by dataset; and their copies for the dataset of the run.


EVALUATE = Step(
    "evaluation.evaluate",
    OF_EXPERIMENT,
    {
        "dataset": CONFIG.dataset,
        "experiment": compared_of,
        "paper": papers_accuracy,
        "synthesised": DATASET.synthesised,
    },
)
SUMMARY = Step(
    "evaluation.summarise",
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
SHOWN = [
    "summary",
    "comparisons",
    "tuning",
    "learning-curve",
    *PREDICTED,
    *RUNNABLE,
]
SHOW = Step(
    "evaluation.show", "results", facts={"dataset": CONFIG.dataset}, suffix=".{name}"
)


rule evaluate:
    input:
        protocols=f"{OF_EXPERIMENT}/protocols.json",
        of_protocols=every_protocol("folds.parquet", "graph-health.csv", "models"),
        clips=clips_of,
        problems=problems_of,
        made_with=EVALUATE.made_with,
    output:
        table=report(
            f"{OF_DATASET}/{{experiment}}.csv",
            caption="../workflow/scripts/genregraph/report/captions/result.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "results", "protocol": "all"},
        ),
        text=f"{OF_DATASET}/{{experiment}}.txt",
        accuracy=f"{OF_EXPERIMENT}/accuracies.csv",
        calibration=report(
            f"{OF_EXPERIMENT}/calibration.csv",
            caption="../workflow/scripts/genregraph/report/captions/calibration.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "calibration", "protocol": "all"},
        ),
        reliability=report(
            f"{OF_EXPERIMENT}/reliability.csv",
            caption="../workflow/scripts/genregraph/report/captions/reliability.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "reliability", "protocol": "all"},
        ),
        comparisons=f"{OF_EXPERIMENT}/comparisons.csv",
    log:
        EVALUATE.log,
    benchmark:
        EVALUATE.benchmark
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(2000, 2),
        runtime=minutes(20),
    params:
        options=EVALUATE.arguments,
        folders=every_protocol(""),
        problems=lambda wildcards: [
            f"--problems={path}" for path in problems_of(wildcards)
        ],
    shell:
        'python "$GENREGRAPH" evaluation.evaluate {params.folders:q} --name {wildcards.experiment}'
        " {params.options:q} {params.problems:q} --clips {input.clips:q}"
        " --protocols {input.protocols:q} --text {output.text:q} --accuracy {output.accuracy:q}"
        " --calibration {output.calibration:q} --reliability {output.reliability:q}"
        " --comparisons {output.comparisons:q} --output {output.table:q} 2> {log:q}"


rule summary:
    input:
        results=every_result,
        of_experiments=[
            f"{of_experiment(name)}/{table}.csv"
            for name in RUNNABLE
            for table in ("accuracies", "comparisons")
        ],
        of_protocols=of_all_experiments(
            every_protocol("folds.parquet", "graph-health.csv")
        ),
        made_with=SUMMARY.made_with,
    output:
        table=report(
            f"{OF_DATASET}/summary.csv",
            caption="../workflow/scripts/genregraph/report/captions/summary.rst",
            category="{dataset}",
            subcategory="Tables",
            labels={"table": "summary"},
        ),
        comparisons=report(
            f"{OF_DATASET}/comparisons.csv",
            caption="../workflow/scripts/genregraph/report/captions/comparisons.rst",
            category="{dataset}",
            subcategory="Tables",
            labels={"table": "comparisons"},
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
        folders=[of_experiment(name) for name in RUNNABLE],
    shell:
        'python "$GENREGRAPH" evaluation.summarise {params.folders:q} {params.options:q}'
        " --comparisons {output.comparisons:q} --text {output.text:q} --output {output.table:q} 2> {log:q}"


# What a run is for: the terminal shows it last.
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
        'python "$GENREGRAPH" evaluation.show --found {input.found:q} --output {output:q} 2> {log:q}'


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
