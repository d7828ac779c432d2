# From inputs to the k-nearest-neighbour adjacency, and its health.


rule adjacency:
    input:
        f"{EXPERIMENT}/fold-{{fold}}/inputs.npz",
    output:
        f"{EXPERIMENT}/fold-{{fold}}/graph.npz",
    log:
        "results/logs/{dataset}/adjacency/{experiment}-{protocol}-{fold}.log",
    benchmark:
        "results/benchmarks/{dataset}/adjacency/{experiment}-{protocol}-{fold}.tsv"
    priority: 1
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        metric=setting("graph.metric"),
        k=setting("graph.k"),
        neighbours=lambda wildcards: plan.NEIGHBOURS[wildcards.protocol],
        code=code("graph.adjacency"),
    shell:
        "python workflow/scripts graph.adjacency --inputs {input:q} --metric {params.metric}"
        " --k {params.k} --neighbours {params.neighbours} --output {output:q} 2> {log:q}"


rule graph_health:
    input:
        inputs=every_fold("inputs.npz"),
        graphs=every_fold("graph.npz"),
    output:
        f"{EXPERIMENT}/graph-health.csv",
    log:
        "results/logs/{dataset}/graph-health/{experiment}-{protocol}.log",
    benchmark:
        "results/benchmarks/{dataset}/graph-health/{experiment}-{protocol}.tsv"
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        graphs=lambda wildcards: [
            f"--graph={path}" for path in every_fold("graph.npz")(wildcards)
        ],
        k=setting("graph.k"),
        code=code("graph.health"),
    shell:
        "python workflow/scripts graph.health {input.inputs:q} {params.graphs:q}"
        " --k {params.k} --output {output:q} 2> {log:q}"
