"""Levels of a learning curve."""

import pandas as pd


def levels(table: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy of each model at each level of each series of a learning curve.

    Levels are counted in each repeat, from the smallest: repeats may differ by a few clips or
    artists. Artists, clips and accuracies are means over repeats; ``std`` is NaN of a single one.
    """
    size = table["artists"].where(table["series"] == "artists", table["clips"])
    keys = [table[name] for name in ("series", "model", "repeat")]
    level = size.groupby(keys).rank("dense").astype(int)
    groups = table.assign(level=level).groupby(["series", "level", "model"], sort=False)
    means = groups.agg(
        artists=("artists", "mean"),
        clips=("clips", "mean"),
        mean=("accuracy", "mean"),
        std=("accuracy", "std"),
        repeats=("repeat", "nunique"),
    )
    return means.reset_index().sort_values(["series", "level"], kind="stable", ignore_index=True)


def by_level(table: pd.DataFrame) -> pd.DataFrame:
    """A row a level of a learning curve: ``series artists clips``, and an accuracy a model."""
    at = ["series", "level"]
    means = levels(table)
    sizes = means.groupby(at, sort=False)[["artists", "clips"]].mean()
    rows = sizes.join(means.pivot(index=at, columns="model", values="mean"))
    return rows.reset_index().drop(columns="level")
