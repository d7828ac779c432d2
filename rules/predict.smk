# Genres of new music: a model that is trained once, and each new file by itself.

BY = CONFIG.experiments.get(CONFIG.predict_by)


rule predictor:
    """Train the model that predicts new music on all clips."""
    input:
        clips=f"{OF_EXPERIMENT}/usable.parquet",
        tables=PATHS.tables,
        models=PATHS.leak_free_models,
        made_with=STEPS["predictor"].made_with,
    output:
        f"{OF_EXPERIMENT}/predictor.safetensors",
    log:
        STEPS["predictor"].log,
    benchmark:
        STEPS["predictor"].benchmark
    conda:
        "../envs/learning.yaml"
    resources:
        mem_mb=memory(1500, 15),
        runtime=minutes(30, 2),
        gpu=CARDS,
    params:
        options=STEPS["predictor"].arguments,
        models=options("models"),
    shell:
        'python "$GENREGRAPH" predict.train {input.tables:q} --clips {input.clips:q}'
        " {params.models:q} {params.options:q} --output {output:q} 2> {log:q}"


if RUN.new:

    rule pieces:
        """Decode a part of the new music."""
        input:
            clips=f"{OF_DATASET}/{BY.cut}/clips.parquet",
            made_with=STEPS["pieces"].made_with,
        output:
            pieces=f"{OF_PART}/pieces.parquet",
            samples=temp(f"{OF_PART}/samples.parquet"),
        log:
            STEPS["pieces"].log,
        benchmark:
            STEPS["pieces"].benchmark
        conda:
            "../envs/audio.yaml"
        resources:
            mem_mb=memory(500 + CONFIG.audit.longest),
            runtime=minutes(30, 0.1),
        params:
            options=STEPS["pieces"].arguments,
            files=lambda wildcards: RUN.parts[wildcards.part],
        shell:
            'python "$GENREGRAPH" predict.pieces --clips {input.clips:q} {params.options:q}'
            " --pieces {output.pieces:q} --samples {output.samples:q} -- {params.files:q} 2> {log:q}"

    # The extractors, on pieces, which are segments already.
    use rule extract as extract_new with:
        input:
            samples=f"{OF_PART}/samples.parquet",
            made_with=STEPS["extract_new"].made_with,
        output:
            f"{OF_PART}/{{table}}.parquet",
        log:
            STEPS["extract_new"].log,
        benchmark:
            STEPS["extract_new"].benchmark
        wildcard_constraints:
            table="|".join(BY.tables),
        params:
            options=STEPS["extract_new"].arguments,
            cut="30s",

    rule predictions:
        """Predict the genres of all new music."""
        input:
            predictor=f"{PATHS.of_experiment(CONFIG.predict_by)}/predictor.safetensors",
            pieces=every(f"{OF_PART}/pieces.parquet", part=RUN.parts),
            features=every(
                f"{OF_PART}/{{table}}.parquet", part=RUN.parts, table=BY.tables
            ),
            made_with=STEPS["predictions"].made_with,
        output:
            table=shown(f"{OF_DATASET}/predictions.csv"),
            text=f"{OF_DATASET}/predictions.txt",
            pieces=f"{OF_NEW}/pieces.csv",
            neighbours=f"{OF_NEW}/neighbours.csv",
            problems=f"{OF_NEW}/problems.csv",
        log:
            STEPS["predictions"].log,
        benchmark:
            STEPS["predictions"].benchmark
        localrule: True
        conda:
            "../envs/learning.yaml"
        resources:
            mem_mb=memory(1500, 10),
            runtime=minutes(30, 1),
        params:
            options=STEPS["predictions"].arguments,
            folder=lambda wildcards, output: Path(output.pieces).parent,
            parts=" ".join(RUN.parts),
        shell:
            'python "$GENREGRAPH" predict.answer {params.folder:q} --parts {params.parts:q}'
            " --predictor {input.predictor:q} {params.options:q} --pieces {output.pieces:q}"
            " --neighbours {output.neighbours:q} --problems {output.problems:q}"
            " --text {output.text:q} --output {output.table:q} 2> {log:q}"

    rule curves:
        """Draw genres over time."""
        input:
            pieces=f"{OF_NEW}/pieces.csv",
            made_with=STEPS["curves"].made_with,
        output:
            shown(f"{OF_NEW}/curves.png", figure="genres over time"),
        log:
            STEPS["curves"].log,
        benchmark:
            STEPS["curves"].benchmark
        localrule: True
        conda:
            "../envs/report.yaml"
        resources:
            mem_mb=memory(1000),
            runtime=minutes(10),
        shell:
            'python "$GENREGRAPH" predict.curves {input.pieces:q} --output {output:q} 2> {log:q}'
