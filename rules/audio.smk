# From audio files to checked samples: fetch or synthesise, audit, cut.

SAMPLES = f"{OF_SHARD}/samples.parquet"

# No audio file is an output of a rule: one that a user put there stays. What says that they are
# there is local: it lies beside them, also where a module's prefix: moves results.
if RUN.fetched:
    ARCHIVE = local(f"resources/archives/{RUN.facts.archive.filename}")

    rule fetch:
        """Fetch the published archive of the dataset."""
        output:
            ARCHIVE,
        log:
            STEPS["fetch"].log,
        benchmark:
            STEPS["fetch"].benchmark
        retries: 2
        conda:
            "../envs/audio.yaml"
        resources:
            mem_mb=memory(500),
            runtime=minutes(240),
        params:
            urls=RUN.facts.archive.urls,
            checksum=RUN.facts.archive.checksum,
        shell:
            'python "$GENREGRAPH" datasets.fetch {params.urls:q} --checksum {params.checksum}'
            " --output {output:q} 2>&1 | tee {log:q} >&2"

    rule unpack:
        """Unpack the clips that are not in the audio folder yet, and list what is there."""
        input:
            archive=ARCHIVE,
            made_with=STEPS["unpack"].made_with,
        output:
            local(RUN.unpacked),
        log:
            STEPS["unpack"].log,
        benchmark:
            STEPS["unpack"].benchmark
        conda:
            "../envs/audio.yaml"
        resources:
            mem_mb=memory(1000),
            runtime=minutes(30),
        params:
            options=STEPS["unpack"].arguments,
            checksum=RUN.facts.archive.checksum,
        shell:
            'python "$GENREGRAPH" datasets.unpack --archive {input.archive:q}'
            " --checksum {params.checksum} {params.options:q} --output {output:q} 2> {log:q}"


if RUN.synthesised:

    rule synthesise:
        """Synthesise the demo's clips of a genre."""
        input:
            made_with=STEPS["synthesise"].made_with,
        output:
            touch(local(f"{RUN.audio}/.synthesised.{{genre}}")),
        log:
            STEPS["synthesise"].log,
        benchmark:
            STEPS["synthesise"].benchmark
        conda:
            "../envs/audio.yaml"
        resources:
            mem_mb=memory(1000),
            runtime=minutes(10),
        params:
            options=STEPS["synthesise"].arguments,
        shell:
            'python "$GENREGRAPH" demo.synthesise --genre {wildcards.genre:q} {params.options:q}'
            " 2> {log:q}"


rule audit:
    """Decode and check the clips of a shard."""
    input:
        audio=lambda wildcards: local(PATHS.audio(wildcards)),
        made_with=STEPS["audit"].made_with,
    output:
        clips=f"{OF_SHARD}/clips.parquet",
        samples=SAMPLES if CONFIG.keep_samples else temp(SAMPLES),
    log:
        STEPS["audit"].log,
    benchmark:
        STEPS["audit"].benchmark
    conda:
        "../envs/audio.yaml"
    resources:
        mem_mb=memory(500 + CONFIG.audit.longest),
        runtime=minutes(30, 0.1),
    params:
        options=STEPS["audit"].arguments,
    shell:
        'python "$GENREGRAPH" audio.audit {params.options:q} --shard {wildcards.shard}'
        " --clips {output.clips:q} --samples {output.samples:q} 2> {log:q}"


if not RUN.without_audio:

    rule clips:
        """List all clips, or their segments, and the problems."""
        input:
            shards=every(f"{OF_SHARD}/clips.parquet", shard=RUN.shards),
            made_with=STEPS["clips"].made_with,
        output:
            clips=f"{OF_CUT}/clips.parquet",
            problems=shown(f"{OF_CUT}/problems.csv", table="problems of {cut}"),
        log:
            STEPS["clips"].log,
        benchmark:
            STEPS["clips"].benchmark
        conda:
            "../envs/audio.yaml"
        resources:
            mem_mb=memory(1000, 20),
            runtime=minutes(10),
        params:
            options=STEPS["clips"].arguments,
        shell:
            'python "$GENREGRAPH" audio.clips {input.shards:q} {params.options:q} --cut {wildcards.cut}'
            " --clips {output.clips:q} --problems {output.problems:q} 2> {log:q}"
