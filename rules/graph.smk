# From inputs to the k-nearest-neighbour adjacency, and its health.


use rule step as adjacency with:
    """Build the k-nearest-neighbour graph of each fold, and measure its health."""
    input:
        inputs=f"{OF_PROTOCOL}/inputs.npz",
        made_with=STEPS["adjacency"].made_with,
    output:
        output=f"{OF_PROTOCOL}/graph.npz",
        table=shown(f"{OF_PROTOCOL}/graph-health.csv"),
    pathvars:
        job=STEPS["adjacency"].job_path,
    priority: 1
    resources:
        mem_mb=memory(1500, 6),
        runtime=minutes(30, 1),
