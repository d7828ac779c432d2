# Which clips train and which test.

USABLE = Step(
    "folds.usable", OF_EXPERIMENT, {"experiment": asked_of, "seed": CONFIG.seed}
)
FOLDS = Step(
    "folds.assign", OF_PROTOCOL, {"experiment": asked_of, "seed": CONFIG.seed}
)


# A checkpoint: which protocols can split the clips is known when it is known which clips are left.
checkpoint usable:
    input:
        clips=clips_of,
        tables=shared_tables,
        images=images_of,
        made_with=USABLE.made_with,
    output:
        clips=f"{OF_EXPERIMENT}/usable.parquet",
        protocols=f"{OF_EXPERIMENT}/protocols.json",
    log:
        USABLE.log,
    benchmark:
        USABLE.benchmark
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 15),
        runtime=minutes(10, 0.1),
    params:
        options=USABLE.arguments,
        images=lambda wildcards: [f"--images={path}" for path in images_of(wildcards)],
    shell:
        'python "$GENREGRAPH" folds.usable {input.tables:q} --clips {input.clips:q}'
        " {params.images:q} {params.options:q} --output {output.clips:q}"
        " --protocols {output.protocols:q} 2> {log:q}"


rule folds:
    input:
        clips=clips_of,
        usable=f"{OF_EXPERIMENT}/usable.parquet",
        tables=shared_tables,
        made_with=FOLDS.made_with,
    output:
        folds=f"{OF_PROTOCOL}/folds.parquet",
        leaks=report(
            f"{OF_PROTOCOL}/leaks.csv",
            caption="../workflow/scripts/genregraph/report/captions/leaks.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "leaks", "protocol": "{protocol}"},
        ),
    log:
        FOLDS.log,
    benchmark:
        FOLDS.benchmark
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 15),
        runtime=minutes(10, 0.1),
    params:
        options=FOLDS.arguments,
    shell:
        'python "$GENREGRAPH" folds.assign {input.tables:q} --clips {input.clips:q}'
        " --usable {input.usable:q} --protocol {wildcards.protocol} {params.options:q}"
        " --output {output.folds:q} --leaking {output.leaks:q} 2> {log:q}"
