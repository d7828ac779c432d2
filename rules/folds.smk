# Which clips train and which test.


rule folds:
    input:
        clips=lambda wildcards: f"{cut_of(wildcards)}/clips.parquet",
        tables=shared_tables,
        images=images_of,
    output:
        f"{EXPERIMENT}/folds.parquet",
    log:
        "results/logs/{dataset}/folds/{experiment}-{protocol}.log",
    benchmark:
        "results/benchmarks/{dataset}/folds/{experiment}-{protocol}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        images=lambda wildcards: [f"--images={path}" for path in images_of(wildcards)],
        genres=lambda wildcards: [
            f"--genre={genre}" for genre in experiment_of(wildcards).genres
        ],
        folds=lambda wildcards: evaluation_of(wildcards).folds,
        repeats=lambda wildcards: evaluation_of(wildcards).repeats,
        unknown=setting("clean.unknown_artist"),
        seed=CONFIG.seed,
        code=code("folds.assign"),
    shell:
        "python workflow/scripts folds.assign {input.tables:q} --clips {input.clips:q}"
        " {params.images:q} {params.genres:q} --protocol {wildcards.protocol} --folds {params.folds} --repeats {params.repeats}"
        " --unknown {params.unknown} --seed {params.seed} --output {output:q} 2> {log:q}"


rule leaks:
    input:
        folds=f"{EXPERIMENT}/folds.parquet",
        clips=lambda wildcards: f"{cut_of(wildcards)}/clips.parquet",
        tables=shared_tables,
    output:
        f"{EXPERIMENT}/leaks.csv",
    log:
        "results/logs/{dataset}/leaks/{experiment}-{protocol}.log",
    benchmark:
        "results/benchmarks/{dataset}/leaks/{experiment}-{protocol}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        unknown=setting("clean.unknown_artist"),
        code=code("folds.leaks"),
    shell:
        "python workflow/scripts folds.leaks {input.tables:q} --folds {input.folds:q}"
        " --clips {input.clips:q} --protocol {wildcards.protocol} --unknown {params.unknown}"
        " --output {output:q} 2> {log:q}"
