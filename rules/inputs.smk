# What the models of a fold see.


rule inputs:
    input:
        folds=f"{EXPERIMENT}/folds.parquet",
        tables=tables_of,
    output:
        f"{EXPERIMENT}/fold-{{fold}}/inputs.npz",
    log:
        "results/logs/{dataset}/inputs/{experiment}-{protocol}-{fold}.log",
    benchmark:
        "results/benchmarks/{dataset}/inputs/{experiment}-{protocol}-{fold}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        drop=lambda wildcards: [
            f"--drop={column}" for column in experiment_of(wildcards).drop
        ],
        scale=setting("scale"),
        code=code("inputs.prepare"),
    shell:
        "python workflow/scripts inputs.prepare {input.tables:q} --folds {input.folds:q}"
        " --fold {wildcards.fold} {params.drop:q} --scale {params.scale} --output {output:q}"
        " 2> {log:q}"
