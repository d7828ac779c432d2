# Figures: from the files of the other rooms to PNG.


rule figure_clips:
    input:
        lambda wildcards: expand(
            "results/{dataset}/{cut}/clips.parquet",
            dataset=CONFIG.dataset,
            cut=sorted({e.cut for e in CONFIG.experiments.values()}),
        ),
    output:
        "results/{dataset}/figures/clips.png",
    log:
        "results/logs/{dataset}/figure-clips.log",
    benchmark:
        "results/benchmarks/{dataset}/figure-clips.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("report.clips"),
    shell:
        "python workflow/scripts report.clips {input:q} --output {output:q} 2> {log:q}"


rule figure_clip:
    input:
        expand("results/{{dataset}}/audio/{shard}/samples.parquet", shard=SHARDS),
    output:
        "results/{dataset}/figures/clip.png",
    log:
        "results/logs/{dataset}/figure-clip.log",
    benchmark:
        "results/benchmarks/{dataset}/figure-clip.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("report.clip"),
    shell:
        "python workflow/scripts report.clip {input:q} --output {output:q} 2> {log:q}"


rule figure_correlation:
    input:
        "results/{dataset}/30s/features/handcrafted.parquet",
    output:
        "results/{dataset}/figures/correlation.png",
    log:
        "results/logs/{dataset}/figure-correlation.log",
    benchmark:
        "results/benchmarks/{dataset}/figure-correlation.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("report.correlation"),
    shell:
        "python workflow/scripts report.correlation --table {input:q}"
        " --output {output:q} 2> {log:q}"


rule figure_importances:
    input:
        f"{EXPERIMENT}/fold-00/selection.csv",
    output:
        f"{EXPERIMENT}/figures/importances.png",
    log:
        "results/logs/{dataset}/figure-importances/{experiment}-{protocol}.log",
    benchmark:
        "results/benchmarks/{dataset}/figure-importances/{experiment}-{protocol}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("report.importances"),
    shell:
        "python workflow/scripts report.importances --selection {input:q}"
        " --output {output:q} 2> {log:q}"


rule figure_scatter:
    input:
        f"{EXPERIMENT}/fold-00/inputs.npz",
    output:
        f"{EXPERIMENT}/figures/scatter.png",
    log:
        "results/logs/{dataset}/figure-scatter/{experiment}-{protocol}.log",
    benchmark:
        "results/benchmarks/{dataset}/figure-scatter/{experiment}-{protocol}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        seed=CONFIG.seed,
        code=code("report.scatter"),
    shell:
        "python workflow/scripts report.scatter --inputs {input:q} --seed {params.seed}"
        " --output {output:q} 2> {log:q}"


rule figure_graph:
    input:
        inputs=f"{EXPERIMENT}/fold-00/inputs.npz",
        graph=f"{EXPERIMENT}/fold-00/graph.npz",
    output:
        f"{EXPERIMENT}/figures/graph.png",
    log:
        "results/logs/{dataset}/figure-graph/{experiment}-{protocol}.log",
    benchmark:
        "results/benchmarks/{dataset}/figure-graph/{experiment}-{protocol}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        seed=CONFIG.seed,
        code=code("report.graph"),
    shell:
        "python workflow/scripts report.graph --inputs {input.inputs:q} --graph {input.graph:q}"
        " --seed {params.seed} --output {output:q} 2> {log:q}"


rule figure_history:
    input:
        every_fold("history.csv"),
    output:
        f"{EXPERIMENT}/figures/history.png",
    log:
        "results/logs/{dataset}/figure-history/{experiment}-{protocol}.log",
    benchmark:
        "results/benchmarks/{dataset}/figure-history/{experiment}-{protocol}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("report.history"),
    shell:
        "python workflow/scripts report.history {input:q} --output {output:q} 2> {log:q}"


rule figure_confusion:
    input:
        every_fold("predictions.parquet"),
    output:
        f"{EXPERIMENT}/figures/confusion.png",
    log:
        "results/logs/{dataset}/figure-confusion/{experiment}-{protocol}.log",
    benchmark:
        "results/benchmarks/{dataset}/figure-confusion/{experiment}-{protocol}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("report.confusion"),
    shell:
        "python workflow/scripts report.confusion {input:q} --output {output:q} 2> {log:q}"


rule figure_folds:
    input:
        "results/{experiment}.csv",
    output:
        "results/{dataset}/experiments/{experiment}/figures/folds.png",
    log:
        "results/logs/{dataset}/figure-folds/{experiment}.log",
    benchmark:
        "results/benchmarks/{dataset}/figure-folds/{experiment}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        paper=lambda wildcards: [
            f"--paper={accuracy}"
            for accuracy in [experiment_of(wildcards).paper_test_accuracy]
            if accuracy is not None
        ],
        code=code("report.folds"),
    shell:
        "python workflow/scripts report.folds --results {input:q} {params.paper:q}"
        " --output {output:q} 2> {log:q}"


rule figure_tuning:
    input:
        "results/tuning.csv",
    output:
        "results/figures/tuning.png",
    log:
        "results/logs/figure-tuning.log",
    benchmark:
        "results/benchmarks/figure-tuning.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("report.tuning"),
    shell:
        "python workflow/scripts report.tuning --tuning {input:q} --output {output:q} 2> {log:q}"


rule findings:
    input:
        results=expand("results/{experiment}.csv", experiment=RUNNABLE),
        summary="results/summary.csv",
        tables=[
            f"results/{CONFIG.dataset}/experiments/{name}/{protocol}/{table}.csv"
            for name in RUNNABLE
            for protocol in EVALUATIONS[name]
            for table in ("graph-health", "leaks")
        ],
        choices=CHOICES,
        template="workflow/scripts/report/findings.md.jinja",
    output:
        "results/findings.md",
    log:
        "results/logs/findings.log",
    benchmark:
        "results/benchmarks/findings.tsv"
    localrule: True
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        dataset=CONFIG.dataset,
        folder=lambda wildcards: f"results/{CONFIG.dataset}/experiments",
        choices=[f"--choices={path}" for path in CHOICES],
        left_out=ALL_LEFT_OUT,
        not_run=[f"--not-run={name}={reason}" for name, reason in NOT_RUNNABLE.items()],
        synthesised=["--synthesised"] if DATASET.synthesised else [],
        code=code("report.findings"),
    shell:
        "python workflow/scripts report.findings {input.results:q} --summary {input.summary:q}"
        " --folder {params.folder:q} --template {input.template:q} --dataset {params.dataset:q}"
        " {params.choices:q} {params.left_out:q} {params.not_run:q} {params.synthesised:q}"
        " --output {output:q} 2> {log:q}"
