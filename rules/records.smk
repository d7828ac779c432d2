# What files are made with (genregraph.plan.step).
import json
import tempfile

# A module's prefix: moves files of rules, which the path of any of them shows.
PREFIX = str(rules.show.output[0]).removesuffix("results/{name}")
LACKING = [record for record in RECORDS if not Path(PREFIX + record).is_file()]
# Snakemake runs no job for an input that is missing while its own output is there, but it does for
# one that is new: so this file, which is new, makes it write the records. It holds them, which may
# be too long for a command.
NEW = tempfile.NamedTemporaryFile("w", prefix="genregraph-") if LACKING else None
if NEW:
    json.dump({PREFIX + record: RECORDS[record] for record in LACKING}, NEW)
    NEW.flush()


rule records:
    """Write down what the files of jobs to come are made with."""
    input:
        [NEW.name] if NEW else [],
    output:
        LACKING,
    log:
        "results/logs/plan.records.log",
    localrule: True
    conda:
        "../envs/learning.yaml"
    shell:
        'python "$GENREGRAPH" plan.records --planned {input:q} 2> {log:q}'
