# Models trained on one fold.


rule graphsage:
    input:
        inputs=f"{EXPERIMENT}/fold-{{fold}}/inputs.npz",
        graph=f"{EXPERIMENT}/fold-{{fold}}/graph.npz",
    output:
        weights=f"{EXPERIMENT}/fold-{{fold}}/graphsage.pt",
        history=f"{EXPERIMENT}/fold-{{fold}}/history.csv",
        predictions=f"{EXPERIMENT}/fold-{{fold}}/predictions.parquet",
        edgeless=f"{EXPERIMENT}/fold-{{fold}}/edgeless.parquet",
        times=f"{EXPERIMENT}/fold-{{fold}}/edgeless.csv",
    log:
        "results/logs/{dataset}/graphsage/{experiment}-{protocol}-{fold}.log",
    benchmark:
        "results/benchmarks/{dataset}/graphsage/{experiment}-{protocol}-{fold}.tsv"
    priority: 2
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
        " --output {output.predictions:q} --edgeless {output.edgeless:q} --times {output.times:q}"
        " 2> {log:q}"


rule baselines:
    input:
        inputs=f"{EXPERIMENT}/fold-{{fold}}/inputs.npz",
    output:
        predictions=f"{EXPERIMENT}/fold-{{fold}}/baselines.parquet",
        times=f"{EXPERIMENT}/fold-{{fold}}/baselines.csv",
    log:
        "results/logs/{dataset}/baselines/{experiment}-{protocol}-{fold}.log",
    benchmark:
        "results/benchmarks/{dataset}/baselines/{experiment}-{protocol}-{fold}.tsv"
    priority: 2
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        models=lambda wildcards: [
            f"--model={model}" for model in baselines_of(experiment_of(wildcards))
        ],
        seed=CONFIG.seed,
        code=code("learning.baselines"),
    shell:
        "python workflow/scripts learning.baselines --inputs {input.inputs:q} {params.models}"
        " --seed {params.seed} --times {output.times:q} --output {output.predictions:q} 2> {log:q}"


rule best:
    input:
        inputs=f"{EXPERIMENT}/fold-{{fold}}/inputs.npz",
        folds=f"{EXPERIMENT}/folds.parquet",
    output:
        predictions=f"{EXPERIMENT}/fold-{{fold}}/best.parquet",
        times=f"{EXPERIMENT}/fold-{{fold}}/best.csv",
        choice=f"{EXPERIMENT}/fold-{{fold}}/choice.csv",
    log:
        "results/logs/{dataset}/best/{experiment}-{protocol}-{fold}.log",
    benchmark:
        "results/benchmarks/{dataset}/best/{experiment}-{protocol}-{fold}.tsv"
    priority: 2
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        neighbours=lambda wildcards: plan.NEIGHBOURS[wildcards.protocol],
        seed=CONFIG.seed,
        code=code("learning.best"),
    shell:
        "python workflow/scripts learning.best --inputs {input.inputs:q} --folds {input.folds:q}"
        " --neighbours {params.neighbours} --seed {params.seed} --choice {output.choice:q}"
        " --times {output.times:q} --output {output.predictions:q} 2> {log:q}"


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
    priority: 2
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
