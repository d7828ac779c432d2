# Models fitted to the folds of a protocol: networks, classifiers, and what is made of them.


rule models:
    """Fit all models of an experiment to the folds of a protocol."""
    input:
        inputs=f"{OF_PROTOCOL}/inputs.npz",
        graphs=f"{OF_PROTOCOL}/graph.npz",
        made_with=STEPS["models"].made_with,
    output:
        directory(OF_MODELS),
    log:
        STEPS["models"].log,
    benchmark:
        STEPS["models"].benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    threads: FOLDS_AT_ONCE
    resources:
        mem_mb=memory(1500, 6, by_thread=True),
        runtime=minutes(120, 5),
        gpu=CARDS,
    params:
        options=STEPS["models"].arguments,
    shell:
        'python "$GENREGRAPH" models.fit --inputs {input.inputs:q} --graphs {input.graphs:q}'
        " --jobs {threads} {params.options:q} --output {output:q} 2> {log:q}"


rule tune:
    """Try hidden neurons and learning rates, as the paper did."""
    input:
        inputs=f"{PATHS.of_experiment(CONFIG.tuning.experiment)}/paper/inputs.npz",
        graphs=f"{PATHS.of_experiment(CONFIG.tuning.experiment)}/paper/graph.npz",
        made_with=STEPS["tune"].made_with,
    output:
        shown(f"{OF_DATASET}/tuning.csv"),
    log:
        STEPS["tune"].log,
    benchmark:
        STEPS["tune"].benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 6),
        runtime=minutes(120, 10),
        gpu=CARDS,
    params:
        options=STEPS["tune"].arguments,
    shell:
        'python "$GENREGRAPH" models.tune --inputs {input.inputs:q} --graphs {input.graphs:q}'
        " {params.options:q} --output {output:q} 2> {log:q}"


rule learning_curve:
    """Measure accuracy by the number of training artists and clips."""
    input:
        inputs=f"{PATHS.of_experiment(CONFIG.learning_curve.experiment)}/clean/inputs.npz",
        made_with=STEPS["learning_curve"].made_with,
    output:
        shown(f"{OF_DATASET}/learning-curve.csv"),
    log:
        STEPS["learning_curve"].log,
    benchmark:
        STEPS["learning_curve"].benchmark
    priority: 2
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 6),
        runtime=minutes(60, 5),
        gpu=CARDS,
    params:
        options=STEPS["learning_curve"].arguments,
    shell:
        'python "$GENREGRAPH" models.learning_curve --inputs {input.inputs:q} {params.options:q}'
        " --output {output:q} 2> {log:q}"
