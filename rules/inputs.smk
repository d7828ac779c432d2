# What the models of a fold see.

SEED = {"seed": CONFIG.seed}
CNN = Step(
    "inputs.cnn",
    OF_FOLD,
    {**dict(CONFIG.cnn), **SEED, "device": CONFIG.device},
    record=OF_PROTOCOL,
)
FITTED = {"drop": setting("drop"), "fit": fitted_on, **SEED}
SELECTION = Step(
    "inputs.selection",
    OF_FOLD,
    {**FITTED, "n_features": setting("select.n_features")},
    record=OF_PROTOCOL,
)
INPUTS = Step(
    "inputs.prepare",
    OF_FOLD,
    {
        **FITTED,
        "scaling": setting("scale"),
        "reduction": lambda wildcards: getattr(
            experiment_of(wildcards).reduce, "method", None
        ),
        "to": lambda wildcards: getattr(experiment_of(wildcards).reduce, "to", None),
    },
    record=OF_PROTOCOL,
)


rule cnn:
    input:
        images=images_of,
        folds=f"{OF_PROTOCOL}/folds.parquet",
        made_with=CNN.made_with,
    output:
        table=f"{OF_FOLD}/cnn.parquet",
        weights=f"{OF_FOLD}/cnn.pt",
        history=f"{OF_FOLD}/cnn-history.csv",
    log:
        CNN.log,
    benchmark:
        CNN.benchmark
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(2000, 8),
        runtime=minutes(60, 5),
        gpu=CARDS,
    params:
        options=CNN.arguments,
    shell:
        'python "$GENREGRAPH" inputs.cnn {input.images:q} --folds {input.folds:q}'
        " --fold {wildcards.fold} {params.options:q} --output {output.table:q}"
        " --weights {output.weights:q} --history {output.history:q} 2> {log:q}"


rule selection:
    input:
        folds=f"{OF_PROTOCOL}/folds.parquet",
        # Folds that leak where they must not end here.
        leaks=f"{OF_PROTOCOL}/leaks.csv",
        tables=all_tables,
        made_with=SELECTION.made_with,
    output:
        f"{OF_FOLD}/selection.csv",
    log:
        SELECTION.log,
    benchmark:
        SELECTION.benchmark
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 15),
        runtime=minutes(30, 1),
    params:
        options=SELECTION.arguments,
    shell:
        'python "$GENREGRAPH" inputs.selection {input.tables:q} --folds {input.folds:q}'
        " --fold {wildcards.fold} {params.options:q} --output {output:q} 2> {log:q}"


rule inputs:
    input:
        folds=f"{OF_PROTOCOL}/folds.parquet",
        # Folds that leak where they must not end here.
        leaks=f"{OF_PROTOCOL}/leaks.csv",
        tables=all_tables,
        selection=selection_of,
        made_with=INPUTS.made_with,
    output:
        f"{OF_FOLD}/inputs.npz",
    log:
        INPUTS.log,
    benchmark:
        INPUTS.benchmark
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 10),
        runtime=minutes(10, 0.1),
    params:
        options=INPUTS.arguments,
        selection=lambda wildcards: [
            f"--selection={path}" for path in selection_of(wildcards)
        ],
    shell:
        'python "$GENREGRAPH" inputs.prepare {input.tables:q} --folds {input.folds:q}'
        " --fold {wildcards.fold} {params.selection:q} {params.options:q} --output {output:q}"
        " 2> {log:q}"
