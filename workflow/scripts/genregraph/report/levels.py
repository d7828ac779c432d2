"""Levels of a learning curve."""

import pandas as pd


def levels(table: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy of each model at each level of each series, and its ``std`` over repeats.

    Levels are counted in each repeat, from the smallest: repeats may differ by a few clips or
    artists.
    """
    size = table["artists"].where(table["series"] == "artists", table["clips"])
    level = size.groupby([table[name] for name in ("series", "model", "repeat")]).rank("dense")
    groups = table.assign(level=level.astype(int)).groupby(["series", "level", "model"], sort=False)
    means = groups[["artists", "clips", "accuracy"]].mean()
    means = means.rename(columns={"accuracy": "mean"}).assign(std=groups["accuracy"].std())
    return means.reset_index().sort_values(["series", "level"], kind="stable", ignore_index=True)


def by_level(table: pd.DataFrame) -> pd.DataFrame:
    """A row a level of a learning curve: ``series artists clips``, and an accuracy a model."""
    at, means = ["series", "level"], levels(table)
    sizes = means.groupby(at, sort=False)[["artists", "clips"]].mean()
    rows = sizes.join(means.pivot(index=at, columns="model", values="mean"))
    return rows.reset_index().drop(columns="level")
