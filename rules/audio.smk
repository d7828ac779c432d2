# From audio files to checked samples: fetch, audit, cut.

FETCH = Step("datasets.fetch", HERE)
UNPACK = Step("datasets.unpack", HERE, options={"sheet": SHEET, "folder": AUDIO})
AUDIT = Step(
    "audio.audit",
    OF_SHARD,
    options={
        "sheet": SHEET,
        "audio": AUDIO,
        "shards": N_SHARDS,
        "ending": DATASET.endings,
        "shortest": CONFIG.audit.shortest,
        "silence": CONFIG.audit.silence,
        "longest": CONFIG.audit.longest,
    },
    # What the sheet says of this shard's files: the sheet itself is no input, so that neither a
    # clip added to another shard nor another artist's name changes anything here.
    facts={
        "files": lambda wildcards: digest(SHARDS[wildcards.shard], AUDITED),
        "contents": contents_of_audio,
    },
)
CLIPS = Step("audio.clips", OF_CUT, {"sheet": SHEET}, facts={"rows": digest(ROWS)})

if FETCHED:

    # Without a record: a checksum says what it is.
    rule fetch:
        output:
            f"resources/archives/{DATASET.archive.filename}",
        log:
            FETCH.log,
        benchmark:
            FETCH.benchmark
        retries: 2
        conda:
            "../envs/audio.yaml"
        resources:
            mem_mb=memory(500),
            runtime=minutes(240),
        params:
            urls=lambda wildcards: DATASET.archive.urls,
            checksum=DATASET.archive.checksum,
        shell:
            'python "$GENREGRAPH" datasets.fetch {params.urls:q} --checksum {params.checksum}'
            " --output {output:q} 2>&1 | tee {log:q} >&2"

    rule unpack:
        input:
            f"resources/archives/{DATASET.archive.filename}",
        output:
            all_audio(),
        log:
            UNPACK.log,
        benchmark:
            UNPACK.benchmark
        conda:
            "../envs/audio.yaml"
        resources:
            mem_mb=memory(1000),
            runtime=minutes(30),
        params:
            options=UNPACK.arguments,
            checksum=DATASET.archive.checksum,
        shell:
            'python "$GENREGRAPH" datasets.unpack --archive {input:q} --checksum {params.checksum}'
            " {params.options:q} 2> {log:q}"


rule audit:
    input:
        audio=audio_of,
        made_with=AUDIT.made_with,
    output:
        clips=f"{OF_SHARD}/clips.parquet",
        samples=OF_SAMPLES if CONFIG.keep_samples else temp(OF_SAMPLES),
    log:
        AUDIT.log,
    benchmark:
        AUDIT.benchmark
    conda:
        "../envs/audio.yaml"
    resources:
        mem_mb=memory(500 + CONFIG.audit.longest),
        runtime=minutes(30, 0.1),
    params:
        options=AUDIT.arguments,
    shell:
        'python "$GENREGRAPH" audio.audit {params.options:q} --shard {wildcards.shard}'
        " --clips {output.clips:q} --samples {output.samples:q} 2> {log:q}"


if not UNHEARD:

    rule clips:
        input:
            shards=expand(f"{OF_SHARD}/clips.parquet", shard=SHARDS, allow_missing=True),
            made_with=CLIPS.made_with,
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
            CLIPS.log,
        benchmark:
            CLIPS.benchmark
        conda:
            "../envs/audio.yaml"
        resources:
            mem_mb=memory(1000, 20),
            runtime=minutes(10),
        params:
            options=CLIPS.arguments,
        shell:
            'python "$GENREGRAPH" audio.clips {input.shards:q} {params.options:q}'
            " --cut {wildcards.cut} --clips {output.clips:q} --problems {output.problems:q}"
            " 2> {log:q}"
