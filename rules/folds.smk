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
        folds=lambda wildcards: plan.folds_in_repeat(experiment_of(wildcards), ROWS),
        repeats=setting("folds.repeats"),
        seed=CONFIG.seed,
        code=code("folds.assign"),
    shell:
        "python workflow/scripts folds.assign {input.tables:q} --clips {input.clips:q}"
        " {params.images:q} {params.genres:q} --folds {params.folds} --repeats {params.repeats}"
        " --seed {params.seed} --output {output:q} 2> {log:q}"
