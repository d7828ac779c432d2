# What rules have in common that run a step: its command and one of three environments. The record
# among a job's inputs names the step and its options; named inputs and outputs are options, too.
# Log and benchmark lie where the results do: a rule says by its pathvar job under which name.


rule step:
    """What rules that run a step have in common."""
    log:
        "results/logs/<job>.log",
    benchmark:
        "results/benchmarks/<job>.tsv"
    pathvars:
        job="step",
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        command=command,
    shell:
        'python "$GENREGRAPH" {params.command:q} 2> {log:q}'


use rule step as audio_step with:
    """A step in the environment for audio."""
    conda:
        "../envs/audio.yaml"


use rule step as report_step with:
    """A step in the environment for figures and the report."""
    conda:
        "../envs/report.yaml"


rule fold_step:
    """A step that fits as many folds side by side as it has threads."""
    log:
        "results/logs/<job>.log",
    benchmark:
        "results/benchmarks/<job>.tsv"
    pathvars:
        job="step",
    conda:
        "../envs/learning.yaml"
    threads: FOLDS_AT_ONCE
    params:
        command=command,
    shell:
        'python "$GENREGRAPH" {params.command:q} --jobs {threads} 2> {log:q}'
