# The demo's music, synthesised where audio of the dataset is not given.

SYNTHESISE = Step(
    "demo.synthesise",
    HERE,
    {"sheet": SHEET, "folder": AUDIO, "seed": CONFIG.seed},
    facts={"rows": digest(ROWS)},
    suffix=".{genre}",
)

if SYNTHESISED:

    rule synthesise:
        input:
            made_with=SYNTHESISE.made_with,
        output:
            expand(
                f"{AUDIO}/{{{{genre}}}}/{{{{genre}}}}.{{number:05d}}.wav",
                number=range(12),
            ),
        log:
            SYNTHESISE.log,
        benchmark:
            SYNTHESISE.benchmark
        conda:
            "../envs/audio.yaml"
        resources:
            mem_mb=memory(1000),
            runtime=minutes(10),
        params:
            options=SYNTHESISE.arguments,
        shell:
            'python "$GENREGRAPH" demo.synthesise --genre {wildcards.genre:q} {params.options:q}'
            " 2> {log:q}"
