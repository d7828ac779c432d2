# What the models of a fold see.


rule selection:
    input:
        folds=f"{EXPERIMENT}/folds.parquet",
        # Folds that leak where they must not end here.
        leaks=f"{EXPERIMENT}/leaks.csv",
        tables=all_tables,
    output:
        f"{EXPERIMENT}/fold-{{fold}}/selection.csv",
    log:
        "results/logs/{dataset}/selection/{experiment}-{protocol}-{fold}.log",
    benchmark:
        "results/benchmarks/{dataset}/selection/{experiment}-{protocol}-{fold}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        drop=lambda wildcards: [
            f"--drop={column}" for column in experiment_of(wildcards).drop
        ],
        fit=lambda wildcards: plan.FITTED_ON[wildcards.protocol],
        n_features=setting("select.n_features"),
        seed=CONFIG.seed,
        code=code("inputs.selection"),
    shell:
        "python workflow/scripts inputs.selection {input.tables:q} --folds {input.folds:q}"
        " --fold {wildcards.fold} {params.drop:q} --fit {params.fit}"
        " --n-features {params.n_features} --seed {params.seed} --output {output:q} 2> {log:q}"


rule inputs:
    input:
        folds=f"{EXPERIMENT}/folds.parquet",
        # Folds that leak where they must not end here.
        leaks=f"{EXPERIMENT}/leaks.csv",
        tables=all_tables,
        selection=selection_of,
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
        fit=lambda wildcards: plan.FITTED_ON[wildcards.protocol],
        scaling=setting("scale"),
        reduction=lambda wildcards: [
            option
            for reduce in [experiment_of(wildcards).reduce]
            if reduce
            for option in ("--reduction", reduce.method, "--to", str(reduce.to))
        ],
        selection=lambda wildcards: [
            f"--selection={path}" for path in selection_of(wildcards)
        ],
        seed=CONFIG.seed,
        code=code("inputs.prepare"),
    shell:
        "python workflow/scripts inputs.prepare {input.tables:q} --folds {input.folds:q}"
        " --fold {wildcards.fold} {params.drop:q} --fit {params.fit} --scaling {params.scaling}"
        " {params.selection:q} {params.reduction:q} --seed {params.seed} --output {output:q}"
        " 2> {log:q}"
