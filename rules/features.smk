# From samples to feature tables: a job a shard, then one table; and tables made elsewhere.

OF_TABLE = f"{OF_CUT}/features/{{table}}"


use rule audio_step as extract with:
    """Compute a feature table of a shard, or the images that the CNN learns from."""
    input:
        samples=SAMPLES,
        made_with=STEPS["extract"].made_with,
    output:
        output=f"{OF_TABLE}/{{shard}}.parquet",
    pathvars:
        job=f"{STEPS['extract'].job_path}.{{shard}}",
    wildcard_constraints:
        table="|".join([*RUN.computed, "images"]),
    resources:
        # The longest clip decides, which is cut at audit.longest; a file's size says little of it.
        mem_mb=memory(600 + 2 * CONFIG.audit.longest),
        runtime=minutes(30, 0.5),


use rule audio_step as gather with:
    """Join a feature table of all shards."""
    input:
        every(f"{OF_TABLE}/{{shard}}.parquet", shard=RUN.shards),
        made_with=STEPS["gather"].made_with,
    output:
        output=f"{OF_TABLE}.parquet",
        problems=shown(f"{OF_TABLE}.problems.csv", table="problems of {table} in {cut}"),
    pathvars:
        job=f"{STEPS['gather'].job_path}.{{table}}",
    wildcard_constraints:
        table="|".join(RUN.computed) or "none",
    resources:
        mem_mb=memory(1000, 8),
        runtime=minutes(10, 0.05),


use rule audio_step as imported with:
    """Read a feature table that was computed elsewhere."""
    input:
        clips=f"{OF_CUT}/clips.parquet",
        made_with=STEPS["imported"].made_with,
    output:
        output=f"{OF_TABLE}.parquet",
        problems=shown(f"{OF_TABLE}.problems.csv", table="problems of {table} in {cut}"),
    pathvars:
        job="{dataset}/{cut}/features/features.imported.{table}",
    wildcard_constraints:
        table="|".join(CONFIG.tables) or "none",
    resources:
        mem_mb=memory(1000, 20, PATHS.all_imported),
        runtime=minutes(10, 0.1),


if RUN.without_audio:

    use rule audio_step as listed with:
        """List the clips of a dataset without audio, by its tables."""
        input:
            made_with=STEPS["listed"].made_with,
        output:
            clips=f"{OF_CUT}/clips.parquet",
            problems=shown(f"{OF_CUT}/problems.csv", table="problems of {cut}"),
        pathvars:
            job=STEPS["listed"].job_path,
        resources:
            mem_mb=memory(1000, 20, PATHS.all_imported),
            runtime=minutes(10, 0.1),
