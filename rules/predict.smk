# Genres of new music: a model that is trained once, and each new file by itself.

BY = CONFIG.experiments.get(CONFIG.predict_by)


use rule step as predictor with:
    """Train the model that predicts new music on all clips."""
    input:
        PATHS.tables,
        clips=f"{OF_EXPERIMENT}/usable.parquet",
        models=PATHS.leak_free_models,
        made_with=STEPS["predictor"].made_with,
    output:
        output=f"{OF_EXPERIMENT}/predictor.safetensors",
    pathvars:
        job=STEPS["predictor"].job_path,
    resources:
        mem_mb=memory(1500, 15),
        runtime=minutes(30, 2),
        gpu=CARDS,


if RUN.new:

    use rule audio_step as pieces with:
        """Decode a part of the new music."""
        input:
            clips=f"{OF_DATASET}/{BY.cut}/clips.parquet",
            made_with=STEPS["pieces"].made_with,
        output:
            pieces=f"{OF_PART}/pieces.parquet",
            samples=temp(f"{OF_PART}/samples.parquet"),
        pathvars:
            job=STEPS["pieces"].job_path,
        resources:
            mem_mb=memory(500 + CONFIG.audit.longest),
            runtime=minutes(30, 0.1),

    # The extractors, on pieces, which are segments already.
    use rule extract as extract_new with:
        input:
            samples=f"{OF_PART}/samples.parquet",
            made_with=STEPS["extract_new"].made_with,
        output:
            output=f"{OF_PART}/{{table}}.parquet",
        pathvars:
            job=STEPS["extract_new"].job_path,
        wildcard_constraints:
            table="|".join(BY.tables),

    use rule step as predictions with:
        """Predict the genres of all new music."""
        input:
            predictor=f"{PATHS.of_experiment(CONFIG.predict_by)}/predictor.safetensors",
            needed=every(
                f"{OF_PART}/{{file}}.parquet",
                part=RUN.parts,
                file=["pieces", *BY.tables],
            ),
            made_with=STEPS["predictions"].made_with,
        output:
            output=shown(f"{OF_DATASET}/predictions.csv"),
            text=f"{OF_DATASET}/predictions.txt",
            pieces=f"{OF_NEW}/pieces.csv",
            neighbours=f"{OF_NEW}/neighbours.csv",
            problems=f"{OF_NEW}/problems.csv",
        pathvars:
            job=STEPS["predictions"].job_path,
        localrule: True
        resources:
            mem_mb=memory(1500, 10),
            runtime=minutes(30, 1),
