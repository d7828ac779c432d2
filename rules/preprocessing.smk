# What the models of a protocol's folds see.


CNN = Step(
    "models.cnn",
    OF_PROTOCOL,
    {**dict(CONFIG.cnn), "seed": CONFIG.seed, "device": CONFIG.device},
)
FITTED = {
    "drop": setting("drop"),
    "imported": has_imported_table,
    "fit": fitted_on,
    "seed": CONFIG.seed,
}
SELECTION = Step(
    "selection.selection",
    OF_PROTOCOL,
    {**FITTED, "n_features": setting("select.n_features")},
)
INPUTS = Step(
    "preprocessing.prepare",
    OF_PROTOCOL,
    {
        **FITTED,
        "apart": keeps_apart,
        "scaling": setting("scale"),
        "reduction": lambda wildcards: getattr(
            experiment_of(wildcards).reduce, "method", None
        ),
        "to": lambda wildcards: getattr(experiment_of(wildcards).reduce, "to", None),
    },
)


rule cnn:
    input:
        images=images_of,
        folds=f"{OF_PROTOCOL}/folds.parquet",
        made_with=CNN.made_with,
    output:
        table=f"{OF_PROTOCOL}/cnn.parquet",
        weights=f"{OF_PROTOCOL}/cnn.pt",
        history=f"{OF_PROTOCOL}/cnn-history.csv",
    log:
        CNN.log,
    benchmark:
        CNN.benchmark
    conda:
        "../envs/learning.yaml"
    threads: 1 if CARDS else side_by_side
    resources:
        mem_mb=memory_by_thread(2000, 8),
        runtime=minutes(120, 5),
        gpu=CARDS,
    params:
        options=CNN.arguments,
    shell:
        'python "$GENREGRAPH" models.cnn {input.images:q} --folds {input.folds:q}'
        " --jobs {threads} {params.options:q} --output {output.table:q}"
        " --weights {output.weights:q} --history {output.history:q} 2> {log:q}"


rule selection:
    input:
        folds=f"{OF_PROTOCOL}/folds.parquet",
        tables=shared_tables,
        fitted=table_of_folds,
        made_with=SELECTION.made_with,
    output:
        f"{OF_PROTOCOL}/selection.csv",
    log:
        SELECTION.log,
    benchmark:
        SELECTION.benchmark
    conda:
        "../envs/learning.yaml"
    threads: side_by_side
    resources:
        mem_mb=memory_by_thread(1500, 15),
        runtime=minutes(60, 5),
    params:
        options=SELECTION.arguments,
        fitted=lambda wildcards, input: [f"--fitted={path}" for path in input.fitted],
    shell:
        'python "$GENREGRAPH" selection.selection {input.tables:q} --folds {input.folds:q}'
        " --jobs {threads} {params.fitted:q} {params.options:q} --output {output:q} 2> {log:q}"


rule inputs:
    input:
        folds=f"{OF_PROTOCOL}/folds.parquet",
        tables=shared_tables,
        fitted=table_of_folds,
        selection=selection_of,
        made_with=INPUTS.made_with,
    output:
        f"{OF_PROTOCOL}/inputs.npz",
    log:
        INPUTS.log,
    benchmark:
        INPUTS.benchmark
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 10),
        runtime=minutes(10, 1),
    params:
        options=INPUTS.arguments,
        fitted=lambda wildcards, input: [f"--fitted={path}" for path in input.fitted],
        selection=lambda wildcards, input: [
            f"--selection={path}" for path in input.selection
        ],
    shell:
        'python "$GENREGRAPH" preprocessing.prepare {input.tables:q} --folds {input.folds:q}'
        " {params.fitted:q} {params.selection:q} {params.options:q} --output {output:q} 2> {log:q}"
