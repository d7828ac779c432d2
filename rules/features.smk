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
