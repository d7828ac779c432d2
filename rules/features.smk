# From samples to feature tables: a job a shard, then one table; and tables made elsewhere.

OF_TABLE = f"{OF_CUT}/features/{{table}}"


rule extract:
    """Compute a feature table of a shard, or the images that the CNN learns from."""
    input:
        samples=SAMPLES,
        made_with=STEPS["extract"].made_with,
    output:
        f"{OF_TABLE}/{{shard}}.parquet",
    log:
        STEPS["extract"].log,
    benchmark:
        STEPS["extract"].benchmark
    wildcard_constraints:
        table="|".join([*RUN.computed, "images"]),
    conda:
        "../envs/audio.yaml"
    resources:
        # The longest clip decides, which is cut at audit.longest; a file's size says little of it.
        mem_mb=memory(600 + 2 * CONFIG.audit.longest),
        runtime=minutes(30, 0.5),
    params:
        options=STEPS["extract"].arguments,
        cut=lambda wildcards: wildcards.cut,
    shell:
        'python "$GENREGRAPH" features.{wildcards.table} --samples {input.samples:q}'
        " --cut {params.cut} {params.options:q} --output {output:q} 2> {log:q}"


rule gather:
    """Join a feature table of all shards."""
    input:
        shards=every(f"{OF_TABLE}/{{shard}}.parquet", shard=RUN.shards),
        made_with=STEPS["gather"].made_with,
    output:
        table=f"{OF_TABLE}.parquet",
        problems=shown(f"{OF_TABLE}.problems.csv", table="problems of {table} in {cut}"),
    log:
        STEPS["gather"].log,
    benchmark:
        STEPS["gather"].benchmark
    wildcard_constraints:
        table="|".join(RUN.computed) or "none",
    conda:
        "../envs/audio.yaml"
    resources:
        mem_mb=memory(1000, 8),
        runtime=minutes(10, 0.05),
    shell:
        'python "$GENREGRAPH" features.gather {input.shards:q} --output {output.table:q}'
        " --problems {output.problems:q} 2> {log:q}"


rule imported:
    """Read a feature table that was computed elsewhere."""
    input:
        clips=f"{OF_CUT}/clips.parquet",
        made_with=STEPS["imported"].made_with,
    output:
        table=f"{OF_TABLE}.parquet",
        problems=shown(f"{OF_TABLE}.problems.csv", table="problems of {table} in {cut}"),
    log:
        STEPS["imported"].log,
    benchmark:
        STEPS["imported"].benchmark
    wildcard_constraints:
        table="|".join(CONFIG.tables) or "none",
    conda:
        "../envs/audio.yaml"
    resources:
        mem_mb=memory(1000, 20, PATHS.all_imported),
        runtime=minutes(10, 0.1),
    params:
        foreign=PATHS.imported,
        options=STEPS["imported"].arguments,
    shell:
        'python "$GENREGRAPH" features.imported --foreign {params.foreign:q}'
        " --clips {input.clips:q} --cut {wildcards.cut} {params.options:q} --output {output.table:q}"
        " --problems {output.problems:q} 2> {log:q}"


if RUN.without_audio:

    rule listed:
        """List the clips of a dataset without audio, by its tables."""
        input:
            made_with=STEPS["listed"].made_with,
        output:
            clips=f"{OF_CUT}/clips.parquet",
            problems=shown(f"{OF_CUT}/problems.csv", table="problems of {cut}"),
        log:
            STEPS["listed"].log,
        benchmark:
            STEPS["listed"].benchmark
        conda:
            "../envs/audio.yaml"
        resources:
            mem_mb=memory(1000, 20, PATHS.all_imported),
            runtime=minutes(10, 0.1),
        params:
            options=STEPS["listed"].arguments,
            tables=lambda wildcards: [
                f"--table={file}" for file in PATHS.all_imported(wildcards)
            ],
        shell:
            'python "$GENREGRAPH" features.listed {params.options:q} {params.tables:q}'
            " --cut {wildcards.cut} --clips {output.clips:q} --problems {output.problems:q} 2> {log:q}"
