# From samples to feature tables: a job a shard, then one table; and tables made elsewhere.

WEIGHTS = Step("features.weights", "results/weights", suffix=".musicnn")
EXTRACT = Step(
    "features.{table}",
    f"{OF_CUT}/features",
    suffix=".{shard}",
    options={
        "profile": lambda wildcards: (
            CONFIG.features.profile
            if "profile" in plan.EXTRACTORS[wildcards.table]
            else None
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
        "contents": contents_of_tables(
            f"{OF_CUT}/features/{{table}}/made-with/read.json"
        ),
    },
    suffix=".{table}",
    record=f"{OF_CUT}/features/{{table}}",
)
LISTED = Step(
    "features.listed",
    OF_CUT,
    {"sheet": SHEET},
    facts={
        "rows": digest(ROWS),
        "contents": contents_of_tables(f"{OF_CUT}/made-with/read.json"),
    },
)


# For all datasets. The package has one hash, so where it comes from changes nothing: no option of
# the step, and no input.
rule weights:
    input:
        made_with=WEIGHTS.made_with,
    output:
        "results/weights/musicnn.safetensors",
    log:
        WEIGHTS.log,
    benchmark:
        WEIGHTS.benchmark
    retries: 0 if CONFIG.musicnn.wheel else 2
    conda:
        "../envs/audio.yaml"
    resources:
        mem_mb=memory(500),
        runtime=minutes(30),
    params:
        wheel=lambda wildcards, input: (
            [f"--wheel={CONFIG.musicnn.wheel}"] if CONFIG.musicnn.wheel else []
        ),
    shell:
        'python "$GENREGRAPH" features.weights {params.wheel:q} --output {output:q}'
        " > {log:q} 2>&1"


rule extract:
    input:
        samples=OF_SAMPLES,
        weights=lambda wildcards: (
            rules.weights.output if wildcards.table in plan.PRETRAINED else []
        ),
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
        cache=from_cache,
        options=EXTRACT.arguments,
        cut=lambda wildcards: wildcards.cut,
        weights=lambda wildcards, input: [f"--weights={path}" for path in input.weights],
    shell:
        'python "$GENREGRAPH" {params.cache:q} features.{wildcards.table} --samples {input.samples:q}'
        " --cut {params.cut} {params.options:q} {params.weights:q} --output {output:q}"
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
    params:
        cache=from_cache,
    shell:
        'python "$GENREGRAPH" {params.cache:q} features.images --samples {input.samples:q}'
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
            caption="../workflow/scripts/report/captions/problems.rst",
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
        foreign=lambda wildcards: known(imported_file(wildcards)),
        names=lambda wildcards: known(*names_of_rows(wildcards)),
        clips=f"{OF_CUT}/clips.parquet",
        made_with=IMPORTED.made_with,
    output:
        table=f"{OF_CUT}/features/{{table}}.parquet",
        problems=report(
            f"{OF_CUT}/features/{{table}}.problems.csv",
            caption="../workflow/scripts/report/captions/problems.rst",
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
            tables=lambda wildcards: known(*imported_files(wildcards)),
            names=lambda wildcards: known(*names_of_rows(wildcards)),
            made_with=LISTED.made_with,
        output:
            clips=f"{OF_CUT}/clips.parquet",
            problems=report(
                f"{OF_CUT}/problems.csv",
                caption="../workflow/scripts/report/captions/problems.rst",
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
