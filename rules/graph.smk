# From inputs to the k-nearest-neighbour adjacency, and its health.

ADJACENCY = Step(
    "graph.adjacency",
    OF_PROTOCOL,
    {
        "metric": setting("graph.metric"),
        "k": setting("graph.k"),
        "among": setting("graph.among"),
        "neighbours": neighbours,
        "exact": CONFIG.limits.all_distances,
        "seed": CONFIG.seed,
    },
)


rule adjacency:
    input:
        inputs=f"{OF_PROTOCOL}/inputs.npz",
        made_with=ADJACENCY.made_with,
    output:
        graphs=f"{OF_PROTOCOL}/graph.npz",
        table=report(
            f"{OF_PROTOCOL}/graph-health.csv",
            caption="../workflow/scripts/genregraph/report/captions/graph-health.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "graph health", "protocol": "{protocol}"},
        ),
    log:
        ADJACENCY.log,
    benchmark:
        ADJACENCY.benchmark
    priority: 1
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 6),
        runtime=minutes(30, 1),
    params:
        options=ADJACENCY.arguments,
    shell:
        'python "$GENREGRAPH" graph.adjacency --inputs {input.inputs:q} {params.options:q}'
        " --output {output.graphs:q} --table {output.table:q} 2> {log:q}"
