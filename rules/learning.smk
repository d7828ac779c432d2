# Models trained on one fold.


rule graphsage:
    input:
        inputs=f"{EXPERIMENT}/fold-{{fold}}/inputs.npz",
        graph=f"{EXPERIMENT}/fold-{{fold}}/graph.npz",
    output:
        weights=f"{EXPERIMENT}/fold-{{fold}}/graphsage.pt",
        history=f"{EXPERIMENT}/fold-{{fold}}/history.csv",
        predictions=f"{EXPERIMENT}/fold-{{fold}}/predictions.parquet",
    log:
        "results/logs/{dataset}/graphsage/{experiment}-{protocol}-{fold}.log",
    benchmark:
        "results/benchmarks/{dataset}/graphsage/{experiment}-{protocol}-{fold}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        network=network_options,
        seed=CONFIG.seed,
        device=CONFIG.device,
        code=code("learning.graphsage"),
    shell:
        "python workflow/scripts learning.graphsage --inputs {input.inputs:q}"
        " --graph {input.graph:q} {params.network} --seed {params.seed} --device {params.device}"
        " --weights {output.weights:q} --history {output.history:q}"
        " --output {output.predictions:q} 2> {log:q}"


rule tune:
    input:
        inputs=f"{EXPERIMENT}/fold-{{fold}}/inputs.npz",
        graph=f"{EXPERIMENT}/fold-{{fold}}/graph.npz",
    output:
        f"{EXPERIMENT}/fold-{{fold}}/tuning.csv",
    log:
        "results/logs/{dataset}/tune/{experiment}-{protocol}-{fold}.log",
    benchmark:
        "results/benchmarks/{dataset}/tune/{experiment}-{protocol}-{fold}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=240,
    params:
        network=network_options,
        grid=[
            *[f"--try-hidden={neurons}" for neurons in CONFIG.tuning.hidden],
            *[f"--try-learning-rate={rate}" for rate in CONFIG.tuning.learning_rate],
        ],
        seed=CONFIG.seed,
        device=CONFIG.device,
        code=code("learning.tune"),
    shell:
        "python workflow/scripts learning.tune --inputs {input.inputs:q} --graph {input.graph:q}"
        " {params.network} {params.grid} --seed {params.seed} --device {params.device}"
        " --output {output:q} 2> {log:q}"
