# Genres of new music: a model that is trained once, and each new file by itself.

PREDICTOR = f"{of_experiment(CONFIG.predict_by)}/predictor.safetensors"

# Files that are made with one that is asked for.
BESIDE = {"predictions.csv": f"{OF_NEW}/curves.png".format(dataset=CONFIG.dataset)}


# Protocols without leaks, the strictest first: by the first that an experiment has a model is chosen.
STRICT = ("inductive", "clean", "filtered")


TRAINER = Step(
    "predict.train",
    OF_EXPERIMENT,
    {
        "experiment": trained_by,
        "imported": has_imported_table,
        "exact": CONFIG.limits.all_distances,
        **{name: value for name, value in NETWORK.items() if name != "neighbours"},
    },
)

if PREDICTED:
    PREDICTING = CONFIG.experiments[CONFIG.predict_by]
    PIECES = Step(
        "predict.pieces",
        OF_PART,
        {
            "cut": PREDICTING.cut,
            "shortest": CONFIG.audit.shortest,
            "silence": CONFIG.audit.silence,
            "longest": CONFIG.audit.longest,
        },
        facts={"contents": contents_of_new},
    )
    EXTRACT_NEW = Step("features.{table}", OF_PART, EXTRACT.options)
    ANSWER = Step(
        "predict.answer",
        OF_NEW,
        {
            "sheet": SHEET,
            "table": PREDICTING.tables,
            "dataset": CONFIG.dataset,
            "experiment": CONFIG.predict_by,
            "synthesised": DATASET.synthesised,
            "artists": CONFIG.predict_artists,
            "unnameable": NEW.unnameable,
            "passed_over": NEW.passed_over,
        },
        facts={"rows": digest(ROWS, ["clip", "artist", "title"])},
    )
    CURVES = Step("predict.curves", OF_NEW)


rule predictor:
    input:
        clips=f"{OF_EXPERIMENT}/usable.parquet",
        tables=shared_tables,
        models=strict_models,
        made_with=TRAINER.made_with,
    output:
        f"{OF_EXPERIMENT}/predictor.safetensors",
    log:
        TRAINER.log,
    benchmark:
        TRAINER.benchmark
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 15),
        runtime=minutes(30, 2),
    params:
        options=TRAINER.arguments,
        models=lambda wildcards, input: [f"--models={path}" for path in input.models],
    shell:
        'python "$GENREGRAPH" predict.train {input.tables:q} --clips {input.clips:q}'
        " {params.models:q} {params.options:q} --output {output:q} 2> {log:q}"


if PREDICTED:

    rule pieces:
        input:
            audio=lambda wildcards: users(PARTS[wildcards.part]),
            clips=f"{OF_DATASET}/{PREDICTING.cut}/clips.parquet",
            made_with=PIECES.made_with,
        output:
            pieces=f"{OF_PART}/pieces.parquet",
            samples=temp(f"{OF_PART}/samples.parquet"),
        log:
            PIECES.log,
        benchmark:
            PIECES.benchmark
        wildcard_constraints:
            part="[0-9]+-of-[0-9]+",
        conda:
            "../envs/audio.yaml"
        resources:
            mem_mb=memory(500 + CONFIG.audit.longest),
            runtime=minutes(30, 0.1),
        params:
            options=PIECES.arguments,
            files=lambda wildcards: PARTS[wildcards.part],
        shell:
            'python "$GENREGRAPH" predict.pieces --clips {input.clips:q} {params.options:q}'
            " --pieces {output.pieces:q} --samples {output.samples:q} -- {params.files:q} 2> {log:q}"

    # The extractors, on pieces, which are not to be cut again.
    use rule extract as extract_new with:
        input:
            samples=f"{OF_PART}/samples.parquet",
            made_with=EXTRACT_NEW.made_with,
        output:
            f"{OF_PART}/{{table}}.parquet",
        log:
            EXTRACT_NEW.log,
        benchmark:
            EXTRACT_NEW.benchmark
        wildcard_constraints:
            part="[0-9]+-of-[0-9]+",
            table="|".join(PREDICTING.tables),
        params:
            options=EXTRACT_NEW.arguments,
            cut="30s",

    rule predictions:
        input:
            predictor=PREDICTOR,
            artists=nameable(filter(None, [CONFIG.predict_artists])),
            pieces=expand(f"{OF_PART}/pieces.parquet", part=PARTS, allow_missing=True),
            features=expand(
                f"{OF_PART}/{{table}}.parquet",
                part=PARTS,
                table=PREDICTING.tables,
                allow_missing=True,
            ),
            made_with=ANSWER.made_with,
        output:
            table=report(
                f"{OF_DATASET}/predictions.csv",
                caption="../workflow/scripts/genregraph/report/captions/predictions.rst",
                category="{dataset}",
                subcategory="Tables",
                labels={"table": "predictions"},
            ),
            text=f"{OF_DATASET}/predictions.txt",
            pieces=f"{OF_NEW}/pieces.csv",
            neighbours=f"{OF_NEW}/neighbours.csv",
            problems=f"{OF_NEW}/problems.csv",
        log:
            ANSWER.log,
        benchmark:
            ANSWER.benchmark
        localrule: True
        conda:
            "../envs/learning.yaml"
        resources:
            mem_mb=memory(1500, 10),
            runtime=minutes(30, 1),
        params:
            options=ANSWER.arguments,
            folders=lambda wildcards: [
                f"{OF_NEW}/{part}".format(**wildcards) for part in PARTS
            ],
        shell:
            'python "$GENREGRAPH" predict.answer {params.folders:q} --predictor {input.predictor:q}'
            " {params.options:q} --pieces {output.pieces:q}"
            " --neighbours {output.neighbours:q} --problems {output.problems:q}"
            " --text {output.text:q} --output {output.table:q} 2> {log:q}"

    rule curves:
        input:
            pieces=f"{OF_NEW}/pieces.csv",
            made_with=CURVES.made_with,
        output:
            report(
                f"{OF_NEW}/curves.png",
                caption="../workflow/scripts/genregraph/report/captions/curves.rst",
                category="{dataset}",
                subcategory="Figures",
                labels={"figure": "genres over time"},
            ),
        log:
            CURVES.log,
        benchmark:
            CURVES.benchmark
        localrule: True
        conda:
            "../envs/report.yaml"
        resources:
            mem_mb=memory(1000),
            runtime=minutes(10),
        shell:
            'python "$GENREGRAPH" predict.curves {input.pieces:q} --output {output:q} 2> {log:q}'

else:

    # Who asks for predictions that cannot be made reads why, not that no rule makes them.
    rule no_predictions:
        input:
            why_no_prediction,
        output:
            "results/predictions.csv",
        log:
            "results/logs/no_predictions.log",
        localrule: True
        conda:
            "../envs/audio.yaml"
        shell:
            "exit 1"
