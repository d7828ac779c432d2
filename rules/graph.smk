# From inputs to the k-nearest-neighbour adjacency, and its health.


rule adjacency:
    """Build the k-nearest-neighbour graph of each fold, and measure its health."""
    input:
        inputs=f"{OF_PROTOCOL}/inputs.npz",
        made_with=STEPS["adjacency"].made_with,
    output:
        graphs=f"{OF_PROTOCOL}/graph.npz",
        table=shown(f"{OF_PROTOCOL}/graph-health.csv"),
    log:
        STEPS["adjacency"].log,
    benchmark:
        STEPS["adjacency"].benchmark
    priority: 1
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 6),
        runtime=minutes(30, 1),
    params:
        options=STEPS["adjacency"].arguments,
    shell:
        'python "$GENREGRAPH" graph.adjacency --inputs {input.inputs:q} {params.options:q}'
        " --output {output.graphs:q} --table {output.table:q} 2> {log:q}"
