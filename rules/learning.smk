# Models trained on the folds of a protocol.

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
GRAPHSAGE = Step("learning.graphsage", OF_PROTOCOL, NETWORK)
OF_GRAPHSAGE = f"{OF_MODELS}/graphsage.tar"
UNPACK_GRAPHSAGE = Step("learning.unpack", OF_FOLD)
VARIANTS = Step(
    "learning.variants",
    OF_PROTOCOL,
    {**NETWORK, "variant": variants_of},
)
BASELINES = Step(
    "learning.baselines",
    OF_PROTOCOL,
    {**TRAINING, "model": baselines_of},
)
BEST = Step("learning.best", OF_PROTOCOL, {**TRAINING, **HELD_OUT})
GRAPH_NETWORK = Step("learning.graph_network", OF_PROTOCOL, {**TRAINING, **HELD_OUT})
TEMPERATURE = Step(
    "learning.temperature",
    OF_PROTOCOL,
    {
        **NETWORK,
        "metric": setting("graph.metric"),
        "k": setting("graph.k"),
        "among": setting("graph.among"),
        **HELD_OUT,
    },
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
        inputs=every_fold("inputs.npz"),
        graphs=every_fold("graph.npz"),
        made_with=GRAPHSAGE.made_with,
    output:
        archive=temp(OF_GRAPHSAGE),
        edgeless=f"{OF_MODELS}/edgeless.parquet",
        times=f"{OF_MODELS}/edgeless.csv",
    log:
        GRAPHSAGE.log,
    benchmark:
        GRAPHSAGE.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    threads: 1 if CARDS else side_by_side
    resources:
        mem_mb=memory_by_fold(1500, 10),
        runtime=minutes(60, 2),
        gpu=CARDS,
    params:
        options=GRAPHSAGE.arguments,
        graphs=graphs_of_folds,
    shell:
        'python "$GENREGRAPH" learning.graphsage {input.inputs:q} {params.graphs:q}'
        " --jobs {threads} {params.options:q} --archive {output.archive:q}"
        " --edgeless {output.edgeless:q} --times {output.times:q} 2> {log:q}"


# A rule names its files before it is known how many folds there are. The archive goes once all are
# taken out: what it was made of tells whether a fold's files are still what they should be.
rule unpack_graphsage:
    input:
        archive=OF_GRAPHSAGE,
        inputs=f"{OF_FOLD}/inputs.npz",
        graph=f"{OF_FOLD}/graph.npz",
        made_with=GRAPHSAGE.made_with,
    output:
        model=f"{OF_FOLD}/graphsage.pt",
        history=f"{OF_FOLD}/history.csv",
        predictions=f"{OF_FOLD}/predictions.parquet",
    log:
        UNPACK_GRAPHSAGE.log,
    benchmark:
        UNPACK_GRAPHSAGE.benchmark
    priority: 2
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(200),
        runtime=minutes(10),
    shell:
        'python "$GENREGRAPH" learning.unpack {input.archive:q} --fold {wildcards.fold}'
        " --model {output.model:q} --history {output.history:q}"
        " --predictions {output.predictions:q} 2> {log:q}"


rule variants:
    input:
        inputs=every_fold("inputs.npz"),
        graphs=every_fold("graph.npz"),
        made_with=VARIANTS.made_with,
    output:
        predictions=f"{OF_MODELS}/variants.parquet",
        times=f"{OF_MODELS}/variants.csv",
    log:
        VARIANTS.log,
    benchmark:
        VARIANTS.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    threads: 1 if CARDS else side_by_side
    resources:
        mem_mb=memory_by_fold(1500, 10),
        runtime=minutes(60, 5),
        gpu=CARDS,
    params:
        options=VARIANTS.arguments,
        graphs=graphs_of_folds,
    shell:
        'python "$GENREGRAPH" learning.variants {input.inputs:q} {params.graphs:q}'
        " --jobs {threads} {params.options:q} --times {output.times:q}"
        " --output {output.predictions:q} 2> {log:q}"


rule baselines:
    input:
        inputs=every_fold("inputs.npz"),
        made_with=BASELINES.made_with,
    output:
        predictions=f"{OF_MODELS}/baselines.parquet",
        times=f"{OF_MODELS}/baselines.csv",
    log:
        BASELINES.log,
    benchmark:
        BASELINES.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    threads: side_by_side
    resources:
        mem_mb=memory_by_fold(1500, 12),
        runtime=minutes(30, 2),
    params:
        options=BASELINES.arguments,
    shell:
        'python "$GENREGRAPH" learning.baselines {input.inputs:q}'
        " --jobs {threads} {params.options:q} --times {output.times:q}"
        " --output {output.predictions:q} 2> {log:q}"


rule best:
    input:
        inputs=every_fold("inputs.npz"),
        folds=f"{OF_PROTOCOL}/folds.parquet",
        made_with=BEST.made_with,
    output:
        predictions=f"{OF_MODELS}/best.parquet",
        times=f"{OF_MODELS}/best.csv",
        choice=f"{OF_MODELS}/choice.csv",
    log:
        BEST.log,
    benchmark:
        BEST.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    threads: side_by_side
    resources:
        mem_mb=memory_by_fold(1500, 12),
        runtime=minutes(30, 2),
    params:
        options=BEST.arguments,
    shell:
        'python "$GENREGRAPH" learning.best {input.inputs:q} --folds {input.folds:q}'
        " --jobs {threads} {params.options:q} --choice {output.choice:q}"
        " --times {output.times:q} --output {output.predictions:q} 2> {log:q}"


rule graph_network:
    input:
        inputs=every_fold("inputs.npz"),
        folds=f"{OF_PROTOCOL}/folds.parquet",
        made_with=GRAPH_NETWORK.made_with,
    output:
        predictions=f"{OF_MODELS}/graph_network.parquet",
        times=f"{OF_MODELS}/graph_network.csv",
    log:
        GRAPH_NETWORK.log,
    benchmark:
        GRAPH_NETWORK.benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    threads: side_by_side
    resources:
        mem_mb=memory_by_fold(1500, 12),
        runtime=minutes(30, 2),
    params:
        options=GRAPH_NETWORK.arguments,
    shell:
        'python "$GENREGRAPH" learning.graph_network {input.inputs:q}'
        " --folds {input.folds:q} --jobs {threads} {params.options:q}"
        " --times {output.times:q} --output {output.predictions:q} 2> {log:q}"


rule temperature:
    input:
        inputs=every_fold("inputs.npz"),
        folds=f"{OF_PROTOCOL}/folds.parquet",
        predictions=every_fold("predictions.parquet"),
        compared=others_of,
        made_with=TEMPERATURE.made_with,
    output:
        temperatures=f"{OF_MODELS}/temperature.csv",
        predictions=f"{OF_MODELS}/calibrated.parquet",
    log:
        TEMPERATURE.log,
    benchmark:
        TEMPERATURE.benchmark
    priority: 1
    conda:
        "../envs/learning.yaml"
    threads: 1 if CARDS else side_by_side
    resources:
        mem_mb=memory_by_fold(1500, 12),
        runtime=minutes(90, 6),
        gpu=CARDS,
    params:
        options=TEMPERATURE.arguments,
        files=lambda wildcards, input: [
            f"--{name}={path}"
            for name in ("predictions", "compared")
            for path in input.get(name)
        ],
    shell:
        'python "$GENREGRAPH" learning.temperature {input.inputs:q}'
        " --folds {input.folds:q} {params.files:q}"
        " --jobs {threads} {params.options:q} --temperatures {output.temperatures:q}"
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
        gpu=CARDS,
    params:
        options=TUNE.arguments,
    shell:
        'python "$GENREGRAPH" learning.tune --inputs {input.inputs:q} --graph {input.graph:q}'
        " --fold {wildcards.fold} {params.options:q} --output {output:q} 2> {log:q}"
