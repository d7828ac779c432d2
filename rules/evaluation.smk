# From predictions to tables of results, by dataset; and their copies for the dataset of the run.


use rule step as evaluate with:
    """Evaluate all models of an experiment."""
    input:
        folds=PATHS.protocols("folds.parquet"),
        needed=PATHS.protocols("graph-health.csv", "models"),
        protocols=f"{OF_EXPERIMENT}/protocols.json",
        clips=PATHS.clips,
        problems=PATHS.problems,
        made_with=STEPS["evaluate"].made_with,
    output:
        output=shown(f"{OF_DATASET}/{{experiment}}.csv", "result", table="results"),
        text=f"{OF_DATASET}/{{experiment}}.txt",
        accuracy=f"{OF_EXPERIMENT}/accuracies.csv",
        calibration=shown(f"{OF_EXPERIMENT}/calibration.csv"),
        reliability=shown(f"{OF_EXPERIMENT}/reliability.csv"),
        comparisons=f"{OF_EXPERIMENT}/comparisons.csv",
    pathvars:
        job=STEPS["evaluate"].job_path,
    localrule: True
    resources:
        mem_mb=memory(2000, 2),
        runtime=minutes(20),


use rule step as summary with:
    """Summarise and compare all experiments."""
    input:
        accuracies=PATHS.of_experiments("accuracies.csv"),
        needed=[
            *PATHS.of_experiments("comparisons.csv", "protocols.json"),
            *PATHS.of_protocols("folds.parquet", "graph-health.csv"),
        ],
        made_with=STEPS["summary"].made_with,
    output:
        output=shown(f"{OF_DATASET}/summary.csv"),
        comparisons=shown(f"{OF_DATASET}/comparisons.csv"),
        text=f"{OF_DATASET}/summary.txt",
    pathvars:
        job=STEPS["summary"].job_path,
    localrule: True


rule show:
    """Copy a result of the dataset of the run to where it was asked for, or say why there is none."""
    input:
        result=PATHS.shown,
        made_with=STEPS["show"].made_with,
    output:
        "results/{name}",
    log:
        "results/logs/show.{name}.log",
    benchmark:
        "results/benchmarks/show.{name}.tsv"
    wildcard_constraints:
        name="[^/]+",
    localrule: True
    conda:
        "../envs/learning.yaml"
    shell:
        "cp {input.result:q} {output:q} 2> {log:q}"
