# From predictions to tables of results.


rule collect:
    input:
        folds=every_protocol("folds.parquet"),
        health=every_protocol("graph-health.csv"),
        predictions=lambda wildcards: expand(
            f"{EXPERIMENT}/fold-{{fold}}/{{file}}",
            dataset=CONFIG.dataset,
            experiment=wildcards.experiment,
            protocol=experiment_of(wildcards).protocols,
            fold=FOLDS[wildcards.experiment],
            file=["predictions.parquet", "history.csv"],
        ),
        problems=lambda wildcards: (
            f"results/{CONFIG.dataset}/{experiment_of(wildcards).cut}/problems.csv"
        ),
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
        folders=lambda wildcards: every_protocol("")(wildcards),
        dataset=CONFIG.dataset,
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
        " --experiment {wildcards.experiment} --problems {input.problems:q} {params.paper:q}"
        " {params.synthesised:q} --output {output:q} 2> {log:q}"
