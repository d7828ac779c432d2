# Which clips train and which test.


use rule step as usable with:
    """Find the clips of an experiment that can be used, and their groups."""
    input:
        PATHS.tables,
        clips=PATHS.clips,
        images=PATHS.images,
        made_with=STEPS["usable"].made_with,
    output:
        output=f"{OF_EXPERIMENT}/usable.parquet",
        protocols=f"{OF_EXPERIMENT}/protocols.json",
    pathvars:
        job=STEPS["usable"].job_path,
    resources:
        mem_mb=memory(1000, 15),
        runtime=minutes(10, 0.1),


use rule step as folds with:
    """Assign clips to the folds of a protocol, and list what leaks."""
    input:
        PATHS.tables,
        clips=PATHS.clips,
        usable=f"{OF_EXPERIMENT}/usable.parquet",
        made_with=STEPS["folds"].made_with,
    output:
        output=f"{OF_PROTOCOL}/folds.parquet",
        leaking=shown(f"{OF_PROTOCOL}/leaks.csv"),
    pathvars:
        job=STEPS["folds"].job_path,
    resources:
        mem_mb=memory(1000, 15),
        runtime=minutes(10, 0.1),
