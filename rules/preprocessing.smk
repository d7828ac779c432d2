# What the models of a protocol's folds get: scaled, selected and reduced features.


rule cnn:
    """Train a CNN on the images of each fold, and embed all clips."""
    input:
        images=PATHS.images,
        folds=f"{OF_PROTOCOL}/folds.parquet",
        made_with=STEPS["cnn"].made_with,
    output:
        table=f"{OF_PROTOCOL}/cnn.parquet",
        weights=f"{OF_PROTOCOL}/cnn.pt",
        history=f"{OF_PROTOCOL}/cnn-history.csv",
    log:
        STEPS["cnn"].log,
    benchmark:
        STEPS["cnn"].benchmark
    conda:
        "../envs/learning.yaml"
    threads: FOLDS_AT_ONCE
    resources:
        mem_mb=memory(2000, 8, by_thread=True),
        runtime=minutes(120, 5),
        gpu=CARDS,
    params:
        options=STEPS["cnn"].arguments,
    shell:
        'python "$GENREGRAPH" models.cnn {input.images:q} --folds {input.folds:q}'
        " --jobs {threads} {params.options:q} --output {output.table:q}"
        " --weights {output.weights:q} --history {output.history:q} 2> {log:q}"


rule selection:
    """Select features of each fold by ControlBurn."""
    input:
        folds=f"{OF_PROTOCOL}/folds.parquet",
        tables=PATHS.tables,
        fitted=PATHS.table_of_folds,
        made_with=STEPS["selection"].made_with,
    output:
        f"{OF_PROTOCOL}/selection.csv",
    log:
        STEPS["selection"].log,
    benchmark:
        STEPS["selection"].benchmark
    conda:
        "../envs/learning.yaml"
    threads: FOLDS_AT_ONCE
    resources:
        mem_mb=memory(1500, 15, by_thread=True),
        runtime=minutes(60, 5),
    params:
        options=STEPS["selection"].arguments,
        fitted=options("fitted"),
    shell:
        'python "$GENREGRAPH" selection.selection {input.tables:q} --folds {input.folds:q}'
        " --jobs {threads} {params.fitted:q} {params.options:q} --output {output:q} 2> {log:q}"


rule inputs:
    """Scale, select and reduce the features of each fold."""
    input:
        folds=f"{OF_PROTOCOL}/folds.parquet",
        tables=PATHS.tables,
        fitted=PATHS.table_of_folds,
        selection=PATHS.selection,
        made_with=STEPS["inputs"].made_with,
    output:
        f"{OF_PROTOCOL}/inputs.npz",
    log:
        STEPS["inputs"].log,
    benchmark:
        STEPS["inputs"].benchmark
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 10),
        runtime=minutes(10, 1),
    params:
        options=STEPS["inputs"].arguments,
        fitted=options("fitted"),
        selection=options("selection"),
    shell:
        'python "$GENREGRAPH" preprocessing.prepare {input.tables:q} --folds {input.folds:q}'
        " {params.fitted:q} {params.selection:q} {params.options:q} --output {output:q} 2> {log:q}"
