# Which clips train and which test.


rule usable:
    """Find the clips of an experiment that can be used, and their groups."""
    input:
        clips=PATHS.clips,
        tables=PATHS.tables,
        images=PATHS.images,
        made_with=STEPS["usable"].made_with,
    output:
        clips=f"{OF_EXPERIMENT}/usable.parquet",
        protocols=f"{OF_EXPERIMENT}/protocols.json",
    log:
        STEPS["usable"].log,
    benchmark:
        STEPS["usable"].benchmark
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 15),
        runtime=minutes(10, 0.1),
    params:
        options=STEPS["usable"].arguments,
        images=options("images"),
    shell:
        'python "$GENREGRAPH" folds.usable {input.tables:q} --clips {input.clips:q}'
        " {params.images:q} {params.options:q} --output {output.clips:q}"
        " --protocols {output.protocols:q} 2> {log:q}"


rule folds:
    """Assign clips to the folds of a protocol, and list what leaks."""
    input:
        clips=PATHS.clips,
        usable=f"{OF_EXPERIMENT}/usable.parquet",
        tables=PATHS.tables,
        made_with=STEPS["folds"].made_with,
    output:
        folds=f"{OF_PROTOCOL}/folds.parquet",
        leaks=shown(f"{OF_PROTOCOL}/leaks.csv"),
    log:
        STEPS["folds"].log,
    benchmark:
        STEPS["folds"].benchmark
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 15),
        runtime=minutes(10, 0.1),
    params:
        options=STEPS["folds"].arguments,
    shell:
        'python "$GENREGRAPH" folds.assign {input.tables:q} --clips {input.clips:q}'
        " --usable {input.usable:q} --protocol {wildcards.protocol} {params.options:q}"
        " --output {output.folds:q} --leaking {output.leaks:q} 2> {log:q}"
