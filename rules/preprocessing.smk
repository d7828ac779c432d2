# What the models of a protocol's folds get: scaled, selected and reduced features.


use rule fold_step as cnn with:
    """Train a CNN on the images of each fold, and embed all clips."""
    input:
        PATHS.images,
        folds=f"{OF_PROTOCOL}/folds.parquet",
        made_with=STEPS["cnn"].made_with,
    output:
        output=f"{OF_PROTOCOL}/cnn.parquet",
        weights=f"{OF_PROTOCOL}/cnn.pt",
        history=f"{OF_PROTOCOL}/cnn-history.csv",
    pathvars:
        job=STEPS["cnn"].job_path,
    resources:
        mem_mb=memory(2000, 8, by_thread=True),
        runtime=minutes(120, 5),
        gpu=CARDS,


use rule fold_step as selection with:
    """Select features of each fold by ControlBurn."""
    input:
        PATHS.tables,
        folds=f"{OF_PROTOCOL}/folds.parquet",
        fitted=PATHS.table_of_folds,
        made_with=STEPS["selection"].made_with,
    output:
        output=f"{OF_PROTOCOL}/selection.csv",
    pathvars:
        job=STEPS["selection"].job_path,
    resources:
        mem_mb=memory(1500, 15, by_thread=True),
        runtime=minutes(60, 5),


use rule step as inputs with:
    """Scale, select and reduce the features of each fold."""
    input:
        PATHS.tables,
        folds=f"{OF_PROTOCOL}/folds.parquet",
        fitted=PATHS.table_of_folds,
        selection=PATHS.selection,
        made_with=STEPS["inputs"].made_with,
    output:
        output=f"{OF_PROTOCOL}/inputs.npz",
    pathvars:
        job=STEPS["inputs"].job_path,
    resources:
        mem_mb=memory(1000, 10),
        runtime=minutes(10, 1),
