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
            f"results/logs/{CONFIG.dataset}/datasets.fetch.log",
        benchmark:
            f"results/benchmarks/{CONFIG.dataset}/datasets.fetch.tsv"
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

    use rule audio_step as unpack with:
        """Unpack the clips that are not in the audio folder yet, and list what is there."""
        input:
            archive=ARCHIVE,
            made_with=STEPS["unpack"].made_with,
        output:
            output=local(RUN.brought_by),
        pathvars:
            job=STEPS["unpack"].job_path,
        resources:
            mem_mb=memory(1000),
            runtime=minutes(30),


if RUN.synthesised:

    use rule audio_step as synthesise with:
        """Synthesise the demo's clips."""
        input:
            made_with=STEPS["synthesise"].made_with,
        output:
            touch(local(RUN.brought_by)),
        pathvars:
            job=STEPS["synthesise"].job_path,


use rule audio_step as audit with:
    """Decode and check the clips of a shard."""
    input:
        needed=local(RUN.brought_by) if RUN.brought_by else [],
        made_with=STEPS["audit"].made_with,
    output:
        clips=f"{OF_SHARD}/clips.parquet",
        samples=SAMPLES if CONFIG.keep_samples else temp(SAMPLES),
    pathvars:
        job=STEPS["audit"].job_path,
    resources:
        mem_mb=memory(500 + CONFIG.audit.longest),
        runtime=minutes(30, 0.1),


if not RUN.without_audio:

    use rule audio_step as clips with:
        """List all clips, or their segments, and the problems."""
        input:
            every(f"{OF_SHARD}/clips.parquet", shard=RUN.shards),
            made_with=STEPS["clips"].made_with,
        output:
            clips=f"{OF_CUT}/clips.parquet",
            problems=shown(f"{OF_CUT}/problems.csv", table="problems of {cut}"),
        pathvars:
            job=STEPS["clips"].job_path,
        resources:
            mem_mb=memory(1000, 20),
            runtime=minutes(10),
