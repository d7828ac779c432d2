# Models fitted to the folds of a protocol: networks, classifiers, and what is made of them.

NETWORK = {
    "neighbours": neighbours,
    "seed": CONFIG.seed,
    "backend": CONFIG.backend,
    "device": CONFIG.device,
    "at_once": CONFIG.limits.at_once,
}
MODELS = Step("models.fit", OF_PROTOCOL, {"experiment": models_of, **NETWORK})
TUNE = Step(
    "models.tune",
    OF_DATASET,
    {
        "dataset": CONFIG.dataset,
        "name": CONFIG.tuning.experiment,
        "experiment": lambda wildcards: models_of(TUNED),
        "folds": CONFIG.tuning.folds,
        "try_hidden": CONFIG.tuning.hidden,
        "try_learning_rate": CONFIG.tuning.learning_rate,
        **{**NETWORK, "neighbours": "all"},
    },
)
TUNED = Place(experiment=CONFIG.tuning.experiment, protocol="paper")
CURVE = Step(
    "models.learning_curve",
    OF_DATASET,
    {
        "dataset": CONFIG.dataset,
        "name": CONFIG.learning_curve.experiment,
        "experiment": lambda wildcards: CONFIG.experiments[
            CONFIG.learning_curve.experiment
        ].model_dump_json(include={"graph", "graphsage"}),
        "repeats": CONFIG.learning_curve.repeats,
        **{name: value for name, value in NETWORK.items() if name != "neighbours"},
    },
)


rule models:
    input:
        inputs=f"{OF_PROTOCOL}/inputs.npz",
        graphs=f"{OF_PROTOCOL}/graph.npz",
        made_with=MODELS.made_with,
    output:
        directory(OF_MODELS),
    log:
        MODELS.log,
    benchmark:
        MODELS.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    threads: 1 if CARDS else side_by_side
    resources:
        mem_mb=memory_by_thread(1500, 6),
        runtime=minutes(120, 5),
        gpu=CARDS,
    params:
        options=MODELS.arguments,
    shell:
        'python "$GENREGRAPH" models.fit --inputs {input.inputs:q} --graphs {input.graphs:q}'
        " --jobs {threads} {params.options:q} --output {output:q} 2> {log:q}"


rule tune:
    input:
        inputs=f"{of_experiment(CONFIG.tuning.experiment)}/paper/inputs.npz",
        graphs=f"{of_experiment(CONFIG.tuning.experiment)}/paper/graph.npz",
        made_with=TUNE.made_with,
    output:
        table=report(
            f"{OF_DATASET}/tuning.csv",
            caption="../workflow/scripts/genregraph/report/captions/tuning.rst",
            category="{dataset}",
            subcategory="Tables",
            labels={"table": "tuning"},
        ),
        text=f"{OF_DATASET}/tuning.txt",
    log:
        TUNE.log,
    benchmark:
        TUNE.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 6),
        runtime=minutes(120, 10),
        gpu=CARDS,
    params:
        options=TUNE.arguments,
    shell:
        'python "$GENREGRAPH" models.tune --inputs {input.inputs:q} --graphs {input.graphs:q}'
        " {params.options:q} --text {output.text:q} --output {output.table:q} 2> {log:q}"


rule learning_curve:
    input:
        inputs=f"{of_experiment(CONFIG.learning_curve.experiment)}/clean/inputs.npz",
        made_with=CURVE.made_with,
    output:
        report(
            f"{OF_DATASET}/learning-curve.csv",
            caption="../workflow/scripts/genregraph/report/captions/learning-curve.rst",
            category="{dataset}",
            subcategory="Tables",
            labels={"table": "learning curve"},
        ),
    log:
        CURVE.log,
    benchmark:
        CURVE.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 6),
        runtime=minutes(60, 5),
        gpu=CARDS,
    params:
        options=CURVE.arguments,
    shell:
        'python "$GENREGRAPH" models.learning_curve --inputs {input.inputs:q} {params.options:q}'
        " --output {output:q} 2> {log:q}"
