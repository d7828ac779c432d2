# From inputs to the k-nearest-neighbour adjacency, and its health.

ADJACENCY = Step(
    "graph.adjacency",
    OF_FOLD,
    {
        "metric": setting("graph.metric"),
        "k": setting("graph.k"),
        "neighbours": neighbours,
        "exact": CONFIG.limits.all_distances,
        "seed": CONFIG.seed,
    },
    facts={"among": setting("graph.among")},
    record=OF_PROTOCOL,
)
HEALTH = Step(
    "graph.health",
    OF_PROTOCOL,
    {
        "k": setting("graph.k"),
        "metric": setting("graph.metric"),
        "among": setting("graph.among"),
        "neighbours": neighbours,
    },
)


rule adjacency:
    input:
        inputs=f"{OF_FOLD}/inputs.npz",
        other=in_first_fold("inputs.npz", "graph.npz"),
        folds=who_plays,
        made_with=ADJACENCY.made_with,
    output:
        f"{OF_FOLD}/graph.npz",
    log:
        ADJACENCY.log,
    benchmark:
        ADJACENCY.benchmark
    priority: 1
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 6),
        runtime=minutes(10, 0.5),
    params:
        options=ADJACENCY.arguments,
        other=lambda wildcards, input: ["--other", *input.other] if input.other else [],
        folds=lambda wildcards, input: [f"--folds={path}" for path in input.folds],
    shell:
        'python "$GENREGRAPH" graph.adjacency --inputs {input.inputs:q} {params.options:q}'
        " {params.other:q} {params.folds:q} --output {output:q} 2> {log:q}"


rule graph_health:
    input:
        inputs=every_fold("inputs.npz"),
        graphs=every_fold("graph.npz"),
        made_with=HEALTH.made_with,
    output:
        report(
            f"{OF_PROTOCOL}/graph-health.csv",
            caption="../workflow/scripts/report/captions/graph-health.rst",
            category="{experiment}",
            subcategory="Tables",
            labels={"table": "graph health", "protocol": "{protocol}"},
        ),
    log:
        HEALTH.log,
    benchmark:
        HEALTH.benchmark
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000, 2),
        runtime=minutes(10),
    params:
        options=HEALTH.arguments,
        graphs=graphs_of_folds,
    shell:
        'python "$GENREGRAPH" graph.health {input.inputs:q} {params.graphs:q} {params.options:q}'
        " --output {output:q} 2> {log:q}"
