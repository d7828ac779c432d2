# From audio files to checked samples: synthesise or fetch, audit, cut.

if SYNTHESISED:

    rule synthesise:
        output:
            expand(
                f"{AUDIO}/{{{{genre}}}}/{{{{genre}}}}.{{number:05d}}.wav",
                number=range(12),
            ),
        log:
            "results/logs/synthesise/{genre}.log",
        benchmark:
            "results/benchmarks/synthesise/{genre}.tsv"
        conda:
            "../envs/audio.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            sheet=SHEET,
            rows=digest(ROWS),
            folder=lambda wildcards: AUDIO,
            seed=CONFIG.seed,
            code=code("demo.synthesise"),
        shell:
            "python workflow/scripts demo.synthesise --sheet {params.sheet:q}"
            " --genre {wildcards.genre:q} --folder {params.folder:q} --seed {params.seed}"
            " 2> {log:q}"


if FETCHED:

    rule fetch:
        output:
            f"resources/archives/{DATASET.archive.filename}",
        log:
            f"results/logs/fetch/{CONFIG.dataset}.log",
        benchmark:
            f"results/benchmarks/fetch/{CONFIG.dataset}.tsv"
        retries: 2
        conda:
            "../envs/audio.yaml"
        threads: 1
        resources:
            mem_mb=500,
            runtime=240,
        params:
            urls=DATASET.archive.urls,
            md5=DATASET.archive.md5,
        shell:
            "python workflow/scripts audio.fetch {params.urls:q} --md5 {params.md5}"
            " --output {output:q} 2>&1 | tee {log:q} >&2"

    rule unpack:
        input:
            f"resources/archives/{DATASET.archive.filename}",
        output:
            [f"{AUDIO}/{row.path}" for row in ROWS],
        log:
            f"results/logs/unpack/{CONFIG.dataset}.log",
        benchmark:
            f"results/benchmarks/unpack/{CONFIG.dataset}.tsv"
        conda:
            "../envs/audio.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=30,
        params:
            sheet=SHEET,
            md5=DATASET.archive.md5,
            folder=lambda wildcards: AUDIO,
            code=code("audio.unpack"),
        shell:
            "python workflow/scripts audio.unpack --archive {input:q} --md5 {params.md5}"
            " --sheet {params.sheet:q} --folder {params.folder:q} 2> {log:q}"


rule audit:
    input:
        audio=audio_of,
    output:
        clips="results/{dataset}/audio/{shard}/clips.parquet",
        samples="results/{dataset}/audio/{shard}/samples.parquet",
    log:
        "results/logs/{dataset}/audit/{shard}.log",
    benchmark:
        "results/benchmarks/{dataset}/audit/{shard}.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        sheet=SHEET,
        audio=AUDIO,
        # Tracked for what the sheet says of this shard's clips; the sheet itself is no input, so
        # that a clip added to another shard changes nothing here.
        rows=lambda wildcards: digest(SHARDS[wildcards.shard]),
        shards=DATASET.shards,
        shortest=CONFIG.audit.shortest,
        silence=CONFIG.audit.silence,
        code=code("audio.audit"),
    shell:
        "python workflow/scripts audio.audit --sheet {params.sheet:q} --audio {params.audio:q}"
        " --shard {wildcards.shard} --shards {params.shards}"
        " --shortest {params.shortest} --silence {params.silence}"
        " --clips {output.clips:q} --samples {output.samples:q} 2> {log:q}"


if UNHEARD:

    rule listed:
        input:
            table=next(iter(CONFIG.tables.values())),
        output:
            clips="results/{dataset}/{cut}/clips.parquet",
            problems="results/{dataset}/{cut}/problems.csv",
        log:
            "results/logs/{dataset}/listed/{cut}.log",
        benchmark:
            "results/benchmarks/{dataset}/listed/{cut}.tsv"
        conda:
            "../envs/audio.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            sheet=SHEET,
            rows=digest(ROWS),
            code=code("features.listed"),
        shell:
            "python workflow/scripts features.listed --sheet {params.sheet:q} --table {input.table:q}"
            " --cut {wildcards.cut} --clips {output.clips:q} --problems {output.problems:q}"
            " 2> {log:q}"

else:

    rule clips:
        input:
            expand("results/{{dataset}}/audio/{shard}/clips.parquet", shard=SHARDS),
        output:
            clips="results/{dataset}/{cut}/clips.parquet",
            problems="results/{dataset}/{cut}/problems.csv",
        log:
            "results/logs/{dataset}/clips/{cut}.log",
        benchmark:
            "results/benchmarks/{dataset}/clips/{cut}.tsv"
        conda:
            "../envs/audio.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            code=code("audio.clips"),
        shell:
            "python workflow/scripts audio.clips {input:q} --cut {wildcards.cut}"
            " --clips {output.clips:q} --problems {output.problems:q} 2> {log:q}"
