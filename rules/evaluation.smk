# From predictions to tables of results, by dataset; and their copies for the dataset of the run.


rule evaluate:
    """Evaluate all models of an experiment."""
    input:
        protocols=f"{OF_EXPERIMENT}/protocols.json",
        folds=PATHS.protocols("folds.parquet"),
        of_protocols=PATHS.protocols("graph-health.csv", "models"),
        clips=PATHS.clips,
        problems=PATHS.problems,
        made_with=STEPS["evaluate"].made_with,
    output:
        table=shown(f"{OF_DATASET}/{{experiment}}.csv", "result", table="results"),
        text=f"{OF_DATASET}/{{experiment}}.txt",
        accuracy=f"{OF_EXPERIMENT}/accuracies.csv",
        calibration=shown(f"{OF_EXPERIMENT}/calibration.csv"),
        reliability=shown(f"{OF_EXPERIMENT}/reliability.csv"),
        comparisons=f"{OF_EXPERIMENT}/comparisons.csv",
    log:
        STEPS["evaluate"].log,
    benchmark:
        STEPS["evaluate"].benchmark
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(2000, 2),
        runtime=minutes(20),
    params:
        options=STEPS["evaluate"].arguments,
        folders=lambda wildcards, input: [Path(file).parent for file in input.folds],
        problems=options("problems"),
    shell:
        'python "$GENREGRAPH" evaluation.evaluate {params.folders:q} --name {wildcards.experiment}'
        " {params.options:q} {params.problems:q} --clips {input.clips:q}"
        " --protocols {input.protocols:q} --text {output.text:q} --accuracy {output.accuracy:q}"
        " --calibration {output.calibration:q} --reliability {output.reliability:q}"
        " --comparisons {output.comparisons:q} --output {output.table:q} 2> {log:q}"


rule summary:
    """Summarise and compare all experiments."""
    input:
        accuracies=PATHS.of_experiments("accuracies.csv"),
        of_experiments=PATHS.of_experiments("comparisons.csv", "protocols.json"),
        of_protocols=PATHS.of_protocols("folds.parquet", "graph-health.csv"),
        made_with=STEPS["summary"].made_with,
    output:
        table=shown(f"{OF_DATASET}/summary.csv"),
        comparisons=shown(f"{OF_DATASET}/comparisons.csv"),
        text=f"{OF_DATASET}/summary.txt",
    log:
        STEPS["summary"].log,
    benchmark:
        STEPS["summary"].benchmark
    localrule: True
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        options=STEPS["summary"].arguments,
        folders=lambda wildcards, input: [
            Path(file).parent for file in input.accuracies
        ],
    shell:
        'python "$GENREGRAPH" evaluation.summarise {params.folders:q} {params.options:q}'
        " --comparisons {output.comparisons:q} --text {output.text:q} --output {output.table:q} 2> {log:q}"


rule show:
    """Copy a result of the dataset of the run to where it was asked for, or say why there is none."""
    input:
        unpack(PATHS.shown),
        made_with=STEPS["show"].made_with,
    output:
        "results/{name}",
    log:
        STEPS["show"].log,
    benchmark:
        STEPS["show"].benchmark
    wildcard_constraints:
        name="[^/]+",
    localrule: True
    conda:
        "../envs/learning.yaml"
    shell:
        "cp {input.result:q} {output:q} 2> {log:q}"
