# Models trained on one fold.

TRAINING = {"neighbours": neighbours, "seed": CONFIG.seed}
# Of models that build graphs of their own, some of them of parts of the training clips.
HELD_OUT = {"apart": keeps_apart, "exact": CONFIG.limits.all_distances}
NETWORK = {
    **{name: setting(f"graphsage.{name}") for name in GraphSage.model_fields},
    **TRAINING,
    "backend": CONFIG.backend,
    "device": CONFIG.device,
    "at_once": CONFIG.limits.at_once,
}
GRAPHSAGE = Step("learning.graphsage", OF_FOLD, NETWORK, record=OF_PROTOCOL)
VARIANTS = Step(
    "learning.variants",
    OF_FOLD,
    {**NETWORK, "variant": variants_of},
    record=OF_PROTOCOL,
)
BASELINES = Step(
    "learning.baselines",
    OF_FOLD,
    {**TRAINING, "model": baselines_of},
    record=OF_PROTOCOL,
)
BEST = Step("learning.best", OF_FOLD, {**TRAINING, **HELD_OUT}, record=OF_PROTOCOL)
GRAPH_NETWORK = Step(
    "learning.graph_network", OF_FOLD, {**TRAINING, **HELD_OUT}, record=OF_PROTOCOL
)
TEMPERATURE = Step(
    "learning.temperature",
    OF_FOLD,
    {
        **NETWORK,
        "metric": setting("graph.metric"),
        "k": setting("graph.k"),
        **HELD_OUT,
    },
    record=OF_PROTOCOL,
)
TUNE = Step(
    "learning.tune",
    OF_FOLD,
    {
        **NETWORK,
        "try_hidden": CONFIG.tuning.hidden,
        "try_learning_rate": CONFIG.tuning.learning_rate,
    },
    record=OF_PROTOCOL,
)


rule graphsage:
    input:
        inputs=f"{OF_FOLD}/inputs.npz",
        graph=f"{OF_FOLD}/graph.npz",
        made_with=GRAPHSAGE.made_with,
    output:
        weights=f"{OF_FOLD}/graphsage.pt",
        history=f"{OF_FOLD}/history.csv",
        predictions=f"{OF_FOLD}/predictions.parquet",
        edgeless=f"{OF_FOLD}/edgeless.parquet",
        times=f"{OF_FOLD}/edgeless.csv",
    log:
        GRAPHSAGE.log,
    benchmark:
        GRAPHSAGE.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 10),
        runtime=minutes(30, 2),
    params:
        options=GRAPHSAGE.arguments,
    shell:
        'python "$GENREGRAPH" learning.graphsage --inputs {input.inputs:q} --graph {input.graph:q}'
        " --fold {wildcards.fold} {params.options:q} --model {output.weights:q}"
        " --history {output.history:q} --output {output.predictions:q}"
        " --edgeless {output.edgeless:q} --times {output.times:q} 2> {log:q}"


rule variants:
    input:
        inputs=f"{OF_FOLD}/inputs.npz",
        graph=f"{OF_FOLD}/graph.npz",
        made_with=VARIANTS.made_with,
    output:
        predictions=f"{OF_FOLD}/variants.parquet",
        times=f"{OF_FOLD}/variants.csv",
    log:
        VARIANTS.log,
    benchmark:
        VARIANTS.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 10),
        runtime=minutes(60, 5),
    params:
        options=VARIANTS.arguments,
    shell:
        'python "$GENREGRAPH" learning.variants --inputs {input.inputs:q} --graph {input.graph:q}'
        " --fold {wildcards.fold} {params.options:q} --times {output.times:q}"
        " --output {output.predictions:q} 2> {log:q}"


rule baselines:
    input:
        inputs=f"{OF_FOLD}/inputs.npz",
        made_with=BASELINES.made_with,
    output:
        predictions=f"{OF_FOLD}/baselines.parquet",
        times=f"{OF_FOLD}/baselines.csv",
    log:
        BASELINES.log,
    benchmark:
        BASELINES.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 12),
        runtime=minutes(30, 2),
    params:
        options=BASELINES.arguments,
    shell:
        'python "$GENREGRAPH" learning.baselines --inputs {input.inputs:q}'
        " --fold {wildcards.fold} {params.options:q} --times {output.times:q}"
        " --output {output.predictions:q} 2> {log:q}"


rule best:
    input:
        inputs=f"{OF_FOLD}/inputs.npz",
        folds=f"{OF_PROTOCOL}/folds.parquet",
        made_with=BEST.made_with,
    output:
        predictions=f"{OF_FOLD}/best.parquet",
        times=f"{OF_FOLD}/best.csv",
        choice=f"{OF_FOLD}/choice.csv",
    log:
        BEST.log,
    benchmark:
        BEST.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 12),
        runtime=minutes(30, 2),
    params:
        options=BEST.arguments,
    shell:
        'python "$GENREGRAPH" learning.best --inputs {input.inputs:q} --folds {input.folds:q}'
        " --fold {wildcards.fold} {params.options:q} --choice {output.choice:q}"
        " --times {output.times:q} --output {output.predictions:q} 2> {log:q}"


rule graph_network:
    input:
        inputs=f"{OF_FOLD}/inputs.npz",
        folds=f"{OF_PROTOCOL}/folds.parquet",
        made_with=GRAPH_NETWORK.made_with,
    output:
        predictions=f"{OF_FOLD}/graph_network.parquet",
        times=f"{OF_FOLD}/graph_network.csv",
    log:
        GRAPH_NETWORK.log,
    benchmark:
        GRAPH_NETWORK.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 12),
        runtime=minutes(30, 2),
    params:
        options=GRAPH_NETWORK.arguments,
    shell:
        'python "$GENREGRAPH" learning.graph_network --inputs {input.inputs:q}'
        " --folds {input.folds:q} --fold {wildcards.fold} {params.options:q}"
        " --times {output.times:q} --output {output.predictions:q} 2> {log:q}"


rule temperature:
    input:
        inputs=f"{OF_FOLD}/inputs.npz",
        folds=f"{OF_PROTOCOL}/folds.parquet",
        predictions=f"{OF_FOLD}/predictions.parquet",
        compared=predictions_of,
        made_with=TEMPERATURE.made_with,
    output:
        temperatures=f"{OF_FOLD}/temperature.csv",
        predictions=f"{OF_FOLD}/calibrated.parquet",
    log:
        TEMPERATURE.log,
    benchmark:
        TEMPERATURE.benchmark
    priority: 1
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 12),
        runtime=minutes(90, 6),
    params:
        options=TEMPERATURE.arguments,
        compared=lambda wildcards, input: [
            f"--compared={path}" for path in input.compared
        ],
    shell:
        'python "$GENREGRAPH" learning.temperature --inputs {input.inputs:q}'
        " --folds {input.folds:q} --predictions {input.predictions:q} {params.compared:q}"
        " --fold {wildcards.fold} {params.options:q} --temperatures {output.temperatures:q}"
        " --output {output.predictions:q} 2> {log:q}"


rule tune:
    input:
        inputs=f"{OF_FOLD}/inputs.npz",
        graph=f"{OF_FOLD}/graph.npz",
        made_with=TUNE.made_with,
    output:
        f"{OF_FOLD}/tuning.csv",
    log:
        TUNE.log,
    benchmark:
        TUNE.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 10),
        runtime=minutes(120, 10),
    params:
        options=TUNE.arguments,
    shell:
        'python "$GENREGRAPH" learning.tune --inputs {input.inputs:q} --graph {input.graph:q}'
        " --fold {wildcards.fold} {params.options:q} --output {output:q} 2> {log:q}"
