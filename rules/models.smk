# Models fitted to the folds of a protocol: networks, classifiers, and what is made of them.


use rule fold_step as models with:
    """Fit all models of an experiment to the folds of a protocol."""
    input:
        inputs=f"{OF_PROTOCOL}/inputs.npz",
        graphs=f"{OF_PROTOCOL}/graph.npz",
        made_with=STEPS["models"].made_with,
    output:
        output=directory(OF_MODELS),
    pathvars:
        job=STEPS["models"].job_path,
    priority: 2
    resources:
        mem_mb=memory(1500, 6, by_thread=True),
        runtime=minutes(120, 5),
        gpu=CARDS,


use rule step as tune with:
    """Try hidden neurons and learning rates, as the paper did."""
    input:
        inputs=f"{PATHS.of_experiment(CONFIG.tuning.experiment)}/paper/inputs.npz",
        graphs=f"{PATHS.of_experiment(CONFIG.tuning.experiment)}/paper/graph.npz",
        made_with=STEPS["tune"].made_with,
    output:
        output=shown(f"{OF_DATASET}/tuning.csv"),
    pathvars:
        job=STEPS["tune"].job_path,
    priority: 2
    resources:
        mem_mb=memory(1500, 6),
        runtime=minutes(120, 10),
        gpu=CARDS,


use rule step as learning_curve with:
    """Measure accuracy by the number of training artists and clips."""
    input:
        inputs=f"{PATHS.of_experiment(CONFIG.learning_curve.experiment)}/clean/inputs.npz",
        made_with=STEPS["learning_curve"].made_with,
    output:
        output=shown(f"{OF_DATASET}/learning-curve.csv"),
    pathvars:
        job=STEPS["learning_curve"].job_path,
    priority: 2
    resources:
        mem_mb=memory(1500, 6),
        runtime=minutes(60, 5),
        gpu=CARDS,
