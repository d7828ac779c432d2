# From predictions to tables of results.


rule collect:
    input:
        folds=every_protocol("folds.parquet"),
        health=every_protocol("graph-health.csv"),
        outputs=outputs_of,
        problems=problems_of,
    output:
        "results/{experiment}.csv",
    log:
        "results/logs/collect/{experiment}.log",
    benchmark:
        "results/benchmarks/collect/{experiment}.tsv"
    localrule: True
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        folders=every_protocol(""),
        dataset=CONFIG.dataset,
        compared=compared_options,
        problems=lambda wildcards: [
            f"--problems={path}" for path in problems_of(wildcards)
        ],
        left_out=lambda wildcards: [
            f"--left-out={protocol}={reason}"
            for protocol, reason in LEFT_OUT[wildcards.experiment].items()
        ],
        paper=lambda wildcards: [
            f"--paper={accuracy}"
            for accuracy in [experiment_of(wildcards).paper_test_accuracy]
            if accuracy is not None
        ],
        synthesised=["--synthesised"] if DATASET.synthesised else [],
        code=code("results.collect"),
    shell:
        # The summary goes to the terminal: it is what a run is for.
        "python workflow/scripts results.collect {params.folders:q} --dataset {params.dataset:q}"
        " --experiment {wildcards.experiment} {params.compared} {params.problems:q} {params.paper:q}"
        " {params.left_out:q} {params.synthesised:q} --output {output:q} 2> {log:q}"


rule songs:
    input:
        folds=every_protocol("folds.parquet"),
        outputs=outputs_of,
        clips=lambda wildcards: f"{cut_of(wildcards)}/clips.parquet",
    output:
        f"{OF_EXPERIMENT}/songs.csv",
    log:
        "results/logs/{dataset}/songs/{experiment}.log",
    benchmark:
        "results/benchmarks/{dataset}/songs/{experiment}.tsv"
    localrule: True
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        folders=every_protocol(""),
        compared=compared_options,
        code=code("results.votes"),
    shell:
        "python workflow/scripts results.votes {params.folders:q} --clips {input.clips:q}"
        " --dataset {wildcards.dataset} --experiment {wildcards.experiment} {params.compared}"
        " --output {output:q} 2> {log:q}"


rule pooled:
    input:
        folds=every_protocol("folds.parquet"),
        outputs=outputs_of,
        clips=lambda wildcards: f"{cut_of(wildcards)}/clips.parquet",
    output:
        f"{OF_EXPERIMENT}/pooled.csv",
    log:
        "results/logs/{dataset}/pooled/{experiment}.log",
    benchmark:
        "results/benchmarks/{dataset}/pooled/{experiment}.tsv"
    localrule: True
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        folders=every_protocol(""),
        compared=compared_options,
        code=code("results.pooled"),
    shell:
        "python workflow/scripts results.pooled {params.folders:q} --clips {input.clips:q}"
        " --experiment {wildcards.experiment} {params.compared} --output {output:q} 2> {log:q}"


rule choices:
    input:
        folds=every_protocol("folds.parquet"),
        choices=lambda wildcards: of_folds(wildcards, ["choice.csv"]),
    output:
        f"{OF_EXPERIMENT}/choices.csv",
    log:
        "results/logs/{dataset}/choices/{experiment}.log",
    benchmark:
        "results/benchmarks/{dataset}/choices/{experiment}.tsv"
    localrule: True
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        folders=every_protocol(""),
        code=code("results.choices"),
    shell:
        "python workflow/scripts results.choices {params.folders:q}"
        " --experiment {wildcards.experiment} --output {output:q} 2> {log:q}"


rule tuning:
    input:
        lambda wildcards: expand(
            f"{EXPERIMENT}/fold-{{fold}}/tuning.csv",
            dataset=CONFIG.dataset,
            experiment=CONFIG.tuning.experiment,
            protocol="paper",
            fold=EVALUATIONS[CONFIG.tuning.experiment]["paper"].numbers[
                : CONFIG.tuning.folds
            ],
        ),
    output:
        "results/tuning.csv",
    log:
        "results/logs/tuning.log",
    benchmark:
        "results/benchmarks/tuning.tsv"
    localrule: True
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dataset=CONFIG.dataset,
        experiment=CONFIG.tuning.experiment,
        code=code("results.tuning"),
    shell:
        "python workflow/scripts results.tuning {input:q} --dataset {params.dataset:q}"
        " --experiment {params.experiment:q} --output {output:q} 2> {log:q}"


rule summary:
    input:
        results=expand("results/{experiment}.csv", experiment=RUNNABLE),
        health=[
            f"results/{CONFIG.dataset}/experiments/{name}/{protocol}/graph-health.csv"
            for name in RUNNABLE
            for protocol in EVALUATIONS[name]
        ],
        songs=SONGS,
        pooled=POOLED,
    output:
        "results/summary.csv",
    log:
        "results/logs/summary.log",
    benchmark:
        "results/benchmarks/summary.tsv"
    localrule: True
    conda:
        "../envs/learning.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        folder=lambda wildcards: f"results/{CONFIG.dataset}/experiments",
        songs=[f"--songs={path}" for path in SONGS],
        pooled=[f"--pooled={path}" for path in POOLED],
        paper=[
            f"--paper={name}={experiment.paper_test_accuracy}"
            for name, experiment in CONFIG.experiments.items()
            if name in RUNNABLE and experiment.paper_test_accuracy is not None
        ],
        notes=[
            f"--note={name}={experiment.note}"
            for name, experiment in CONFIG.experiments.items()
            if name in RUNNABLE and experiment.note
        ],
        left_out=ALL_LEFT_OUT,
        synthesised=["--synthesised"] if DATASET.synthesised else [],
        code=code("results.summarise"),
    shell:
        "python workflow/scripts results.summarise {input.results:q} --folder {params.folder:q}"
        " {params.songs:q} {params.pooled:q} {params.paper:q} {params.notes:q}"
        " {params.left_out:q} {params.synthesised:q} --output {output:q} 2> {log:q}"
