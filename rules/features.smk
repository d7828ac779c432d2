# From samples to feature tables: a job a shard, then one table; and tables made elsewhere.

EXTRACT = Step(
    "features.{table}",
    f"{OF_CUT}/features",
    suffix=".{shard}",
    options={
        "profile": lambda wildcards: (
            CONFIG.features.profile if wildcards.table == "handcrafted" else None
        )
    },
)
IMAGES = Step("features.images", f"{OF_CUT}/images", suffix=".{shard}")
GATHER = Step("features.gather", f"{OF_CUT}/features", suffix=".{table}")
IMPORTED = Step(
    "features.imported",
    f"{OF_CUT}/features",
    {
        "sheet": SHEET,
        "keep": lambda wildcards: CONFIG.tables[wildcards.table].keep,
        "pool": lambda wildcards: CONFIG.tables[wildcards.table].pool,
    },
    facts={
        "names": digest(ROWS, NAMED),
        "contents": contents_of_tables,
    },
    suffix=".{table}",
    record=f"{OF_CUT}/features/{{table}}",
)
LISTED = Step(
    "features.listed",
    OF_CUT,
    {"sheet": SHEET},
    facts={"rows": digest(ROWS), "contents": contents_of_tables},
)


rule extract:
    input:
        samples=OF_SAMPLES,
        made_with=EXTRACT.made_with,
    output:
        f"{OF_CUT}/features/{{table}}/{{shard}}.parquet",
    log:
        EXTRACT.log,
    benchmark:
        EXTRACT.benchmark
    wildcard_constraints:
        table="|".join(COMPUTED) or "none",
    conda:
        "../envs/audio.yaml"
    resources:
        # The longest clip decides, which is cut at audit.longest; a file's size says little of it.
        mem_mb=memory(600 + 2 * CONFIG.audit.longest),
        runtime=minutes(30, 0.5),
    params:
        options=EXTRACT.arguments,
        cut=lambda wildcards: wildcards.cut,
    shell:
        'python "$GENREGRAPH" features.{wildcards.table} --samples {input.samples:q}'
        " --cut {params.cut} {params.options:q} --output {output:q}"
        " 2> {log:q}"


rule images:
    input:
        samples=OF_SAMPLES,
        made_with=IMAGES.made_with,
    output:
        f"{OF_CUT}/images/{{shard}}.parquet",
    log:
        IMAGES.log,
    benchmark:
        IMAGES.benchmark
    conda:
        "../envs/audio.yaml"
    resources:
        mem_mb=memory(600 + 2 * CONFIG.audit.longest),
        runtime=minutes(30, 0.5),
    shell:
        'python "$GENREGRAPH" features.images --samples {input.samples:q}'
        " --cut {wildcards.cut} --output {output:q} 2> {log:q}"


rule gather:
    input:
        shards=expand(
            f"{OF_CUT}/features/{{table}}/{{shard}}.parquet",
            shard=SHARDS,
            allow_missing=True,
        ),
        made_with=GATHER.made_with,
    output:
        table=f"{OF_CUT}/features/{{table}}.parquet",
        problems=report(
            f"{OF_CUT}/features/{{table}}.problems.csv",
            caption="../workflow/scripts/genregraph/report/captions/problems.rst",
            category="{dataset}",
            subcategory="Tables",
            labels={"table": "problems of {table} in {cut}"},
        ),
    log:
        GATHER.log,
    benchmark:
        GATHER.benchmark
    wildcard_constraints:
        table="|".join(COMPUTED) or "none",
    conda:
        "../envs/audio.yaml"
    resources:
        mem_mb=memory(1000, 8),
        runtime=minutes(10, 0.05),
    shell:
        'python "$GENREGRAPH" features.gather {input.shards:q} --output {output.table:q}'
        " --problems {output.problems:q} 2> {log:q}"


rule imported:
    input:
        foreign=lambda wildcards: users(read_of_tables(wildcards)),
        clips=f"{OF_CUT}/clips.parquet",
        made_with=IMPORTED.made_with,
    output:
        table=f"{OF_CUT}/features/{{table}}.parquet",
        problems=report(
            f"{OF_CUT}/features/{{table}}.problems.csv",
            caption="../workflow/scripts/genregraph/report/captions/problems.rst",
            category="{dataset}",
            subcategory="Tables",
            labels={"table": "problems of {table} in {cut}"},
        ),
    log:
        IMPORTED.log,
    benchmark:
        IMPORTED.benchmark
    wildcard_constraints:
        table="|".join(CONFIG.tables) or "none",
    conda:
        "../envs/audio.yaml"
    resources:
        mem_mb=memory(1000, 20),
        runtime=minutes(10, 0.1),
    params:
        foreign=imported_file,
        options=IMPORTED.arguments,
    shell:
        'python "$GENREGRAPH" features.imported --foreign {params.foreign:q}'
        " --clips {input.clips:q} --cut {wildcards.cut} {params.options:q} --output {output.table:q}"
        " --problems {output.problems:q} 2> {log:q}"


if UNHEARD:

    rule listed:
        input:
            tables=lambda wildcards: users(read_of_tables(wildcards)),
            made_with=LISTED.made_with,
        output:
            clips=f"{OF_CUT}/clips.parquet",
            problems=report(
                f"{OF_CUT}/problems.csv",
                caption="../workflow/scripts/genregraph/report/captions/problems.rst",
                category="{dataset}",
                subcategory="Tables",
                labels={"table": "problems of {cut}"},
            ),
        log:
            LISTED.log,
        benchmark:
            LISTED.benchmark
        conda:
            "../envs/audio.yaml"
        resources:
            mem_mb=memory(1000, 20),
            runtime=minutes(10, 0.1),
        params:
            options=LISTED.arguments,
            tables=lambda wildcards: [
                f"--table={file}" for file in imported_files(wildcards)
            ],
        shell:
            'python "$GENREGRAPH" features.listed {params.options:q} {params.tables:q}'
            " --cut {wildcards.cut} --clips {output.clips:q} --problems {output.problems:q}"
            " 2> {log:q}"
