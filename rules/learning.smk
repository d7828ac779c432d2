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
        layers=setting("graphsage.layers"),
        hidden=setting("graphsage.hidden"),
        learning_rate=setting("graphsage.learning_rate"),
        epochs=setting("graphsage.epochs"),
        weights=lambda wildcards: (
            "--distance-weights"
            if experiment_of(wildcards).graphsage.distance_weights
            else "--no-distance-weights"
        ),
        seed=CONFIG.seed,
        device=CONFIG.device,
        code=code("learning.graphsage"),
    shell:
        "python workflow/scripts learning.graphsage --inputs {input.inputs:q}"
        " --graph {input.graph:q} --layers {params.layers} --hidden {params.hidden}"
        " --learning-rate {params.learning_rate} --epochs {params.epochs} {params.weights}"
        " --seed {params.seed} --device {params.device} --weights {output.weights:q}"
        " --history {output.history:q} --output {output.predictions:q} 2> {log:q}"
