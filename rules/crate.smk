# A description of results for machines.


rule crate:
    """Describe all that `all` makes, and what it was made from, as an RO-Crate."""
    input:
        files=PATHS.published(),
        models=PATHS.of_protocols("models"),
        clips=[] if RUN.without_audio else PATHS.all_clips(),
        made_with=STEPS["crate"].made_with,
    output:
        metadata=f"{OF_DATASET}/ro-crate-metadata.json",
        workflow=f"{OF_DATASET}/workflow.zip",
    log:
        STEPS["crate"].log,
    benchmark:
        STEPS["crate"].benchmark
    localrule: True
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        options=STEPS["crate"].arguments,
        folder=lambda wildcards, output: Path(output[0]).parent,
        lists=options("models", "clips"),
        tables=[
            f"--table={name}={path}" for name, path in PATHS.imported_tables().items()
        ],
    shell:
        'python "$GENREGRAPH" report.crate {input.files:q} --folder {params.folder:q}'
        " {params.options:q} {params.lists:q} {params.tables:q} --workflow {output.workflow:q}"
        " --output {output.metadata:q} 2> {log:q}"
