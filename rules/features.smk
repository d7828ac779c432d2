# From samples to feature tables: a job a shard, then one table.


rule handcrafted:
    input:
        samples="results/{dataset}/audio/{shard}/samples.parquet",
    output:
        "results/{dataset}/{cut}/features/handcrafted/{shard}.parquet",
    params:
        profile=CONFIG.features.profile,
        code=code("features.handcrafted"),
    log:
        "results/logs/{dataset}/handcrafted/{cut}-{shard}.log",
    benchmark:
        "results/benchmarks/{dataset}/handcrafted/{cut}-{shard}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../envs/audio.yaml"
    shell:
        "python workflow/scripts features.handcrafted --samples {input.samples:q}"
        " --cut {wildcards.cut} --profile {params.profile} --output {output:q} 2> {log:q}"


rule compare:
    input:
        samples="results/{dataset}/audio/{shard}/samples.parquet",
    output:
        "results/{dataset}/{cut}/features/compare/{shard}.parquet",
    params:
        code=code("features.compare"),
    log:
        "results/logs/{dataset}/compare/{cut}-{shard}.log",
    benchmark:
        "results/benchmarks/{dataset}/compare/{cut}-{shard}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../envs/audio.yaml"
    shell:
        "python workflow/scripts features.compare --samples {input.samples:q}"
        " --cut {wildcards.cut} --output {output:q} 2> {log:q}"


rule gather:
    input:
        expand("results/{{dataset}}/{{cut}}/features/{{table}}/{shard}.parquet", shard=SHARDS),
    output:
        table="results/{dataset}/{cut}/features/{table}.parquet",
        problems="results/{dataset}/{cut}/features/{table}.problems.csv",
    params:
        code=code("features.gather"),
    log:
        "results/logs/{dataset}/gather/{cut}-{table}.log",
    benchmark:
        "results/benchmarks/{dataset}/gather/{cut}-{table}.tsv"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=10,
    conda:
        "../envs/audio.yaml"
    shell:
        "python workflow/scripts features.gather {input:q} --output {output.table:q}"
        " --problems {output.problems:q} 2> {log:q}"
