# What files are made with (genregraph.plan.step).
import tempfile

RECORDS = [record for record in STEPS.records() if not Path(record).is_file()]
# Snakemake runs no job for an input that is missing while its own output is there, but it does for
# one that is new: so this file, which is new, makes it write the records.
NEW = tempfile.NamedTemporaryFile(prefix="genregraph-") if RECORDS else None


rule records:
    """Write down what the files of jobs to come are made with."""
    input:
        [NEW.name] if NEW else [],
    output:
        RECORDS,
    log:
        "results/logs/plan.records.log",
    localrule: True
    conda:
        "../envs/learning.yaml"
    params:
        config=lambda wildcards: CONFIG.model_dump_json(exclude_unset=True),
        home=lambda wildcards: HOME,
    shell:
        'python "$GENREGRAPH" plan.records --config {params.config:q} --home {params.home:q}'
        " {output:q} 2> {log:q}"
