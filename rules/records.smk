# What files are made with (genregraph.plan.step): included last, when all steps are known.


rule records:
    """Write down what the files of jobs to come are made with."""
    output:
        [record for record in RECORDS if not Path(record).is_file()],
    log:
        "results/logs/plan.records.log",
    localrule: True
    conda:
        "../envs/learning.yaml"
    params:
        config=CONFIG.model_dump_json(exclude_unset=True),
        home=HOME,
    shell:
        'python "$GENREGRAPH" plan.records --config {params.config:q} --home {params.home:q}'
        " {output:q} 2> {log:q}"
