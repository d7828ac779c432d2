# From samples to feature tables: a job a shard, then one table.


rule handcrafted:
    input:
        samples="results/{dataset}/audio/{shard}/samples.parquet",
    output:
        "results/{dataset}/{cut}/features/handcrafted/{shard}.parquet",
    log:
        "results/logs/{dataset}/handcrafted/{cut}-{shard}.log",
    benchmark:
        "results/benchmarks/{dataset}/handcrafted/{cut}-{shard}.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        profile=CONFIG.features.profile,
        code=code("features.handcrafted"),
    shell:
        "python workflow/scripts features.handcrafted --samples {input.samples:q}"
        " --cut {wildcards.cut} --profile {params.profile} --output {output:q} 2> {log:q}"


rule compare:
    input:
        samples="results/{dataset}/audio/{shard}/samples.parquet",
    output:
        "results/{dataset}/{cut}/features/compare/{shard}.parquet",
    log:
        "results/logs/{dataset}/compare/{cut}-{shard}.log",
    benchmark:
        "results/benchmarks/{dataset}/compare/{cut}-{shard}.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code("features.compare"),
    shell:
        "python workflow/scripts features.compare --samples {input.samples:q}"
        " --cut {wildcards.cut} --output {output:q} 2> {log:q}"


rule images:
    input:
        samples="results/{dataset}/audio/{shard}/samples.parquet",
    output:
        "results/{dataset}/{cut}/images/{shard}.parquet",
    log:
        "results/logs/{dataset}/images/{cut}-{shard}.log",
    benchmark:
        "results/benchmarks/{dataset}/images/{cut}-{shard}.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code("features.images"),
    shell:
        "python workflow/scripts features.images --samples {input.samples:q}"
        " --cut {wildcards.cut} --output {output:q} 2> {log:q}"


rule cnn:
    input:
        images=images_of,
        folds=f"{EXPERIMENT}/folds.parquet",
    output:
        table=f"{EXPERIMENT}/fold-{{fold}}/cnn.parquet",
        weights=f"{EXPERIMENT}/fold-{{fold}}/cnn.pt",
        history=f"{EXPERIMENT}/fold-{{fold}}/cnn-history.csv",
    log:
        "results/logs/{dataset}/cnn/{experiment}-{protocol}-{fold}.log",
    benchmark:
        "results/benchmarks/{dataset}/cnn/{experiment}-{protocol}-{fold}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        epochs=CONFIG.cnn.epochs,
        patience=CONFIG.cnn.patience,
        learning_rate=CONFIG.cnn.learning_rate,
        seed=CONFIG.seed,
        device=CONFIG.device,
        code=code("inputs.cnn"),
    shell:
        "python workflow/scripts inputs.cnn {input.images:q} --folds {input.folds:q}"
        " --fold {wildcards.fold} --epochs {params.epochs} --patience {params.patience}"
        " --learning-rate {params.learning_rate} --seed {params.seed} --device {params.device}"
        " --output {output.table:q} --weights {output.weights:q} --history {output.history:q}"
        " 2> {log:q}"


rule imported:
    input:
        foreign=lambda wildcards: CONFIG.tables[wildcards.table],
        clips="results/{dataset}/{cut}/clips.parquet",
    output:
        table="results/{dataset}/{cut}/features/{table}.parquet",
        problems="results/{dataset}/{cut}/features/{table}.problems.csv",
    log:
        "results/logs/{dataset}/imported/{cut}-{table}.log",
    benchmark:
        "results/benchmarks/{dataset}/imported/{cut}-{table}.tsv"
    wildcard_constraints:
        table="|".join(CONFIG.tables) or "none",
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        code=code("features.imported"),
    shell:
        "python workflow/scripts features.imported --foreign {input.foreign:q}"
        " --clips {input.clips:q} --output {output.table:q} --problems {output.problems:q}"
        " 2> {log:q}"


rule gather:
    input:
        expand(
            "results/{{dataset}}/{{cut}}/features/{{table}}/{shard}.parquet",
            shard=SHARDS,
        ),
    output:
        table="results/{dataset}/{cut}/features/{table}.parquet",
        problems="results/{dataset}/{cut}/features/{table}.problems.csv",
    log:
        "results/logs/{dataset}/gather/{cut}-{table}.log",
    benchmark:
        "results/benchmarks/{dataset}/gather/{cut}-{table}.tsv"
    wildcard_constraints:
        table="|".join(COMPUTED) or "none",
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        code=code("features.gather"),
    shell:
        "python workflow/scripts features.gather {input:q} --output {output.table:q}"
        " --problems {output.problems:q} 2> {log:q}"
