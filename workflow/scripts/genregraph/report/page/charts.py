"""Where the points and lines of the report's figures lie, in the units of their SVG."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genregraph.report.figures.dataset import SERIES, levels
from genregraph.report.figures.protocol_figures import over_folds

WIDTH, HEIGHT = 420, 220
LEFT, RIGHT, TOP, BOTTOM = 40, 410, 12, 184
PARTS = ("train", "test")
MOST = 60  # Epochs of a line: more cannot be distinguished.


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``, some five of them."""
    step = next(s for s in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, np.inf) if (high - low) / s <= 6)
    if np.isinf(step):
        return [low, high]
    numbers = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
    return [round(float(n * step), 6) + 0 for n in numbers]  # + 0: there is no -0.


def scale(summary: pd.DataFrame) -> tuple[float, float]:
    """Tenths between which all means, intervals and numbers of the paper lie."""
    columns = ["mean", "ci_low", "ci_high", "paper_test_accuracy"]
    values = summary[columns].to_numpy(dtype=float)
    if not np.isfinite(values).any():
        return 0.0, 1.0
    low = np.floor(10 * np.nanmin(values) + 1e-9) / 10
    high = np.ceil(10 * np.nanmax(values) - 1e-9) / 10
    return max(0.0, float(low)), min(1.0, max(float(high), float(low) + 0.1))


def share(value: float, low: float, high: float) -> float:
    """Where a value lies between two others, in percent, at least 0 and at most 100."""
    return round(100 * min(max((value - low) / (high - low), 0.0), 1.0), 2)


def folds(results: pd.DataFrame, paper: float | None) -> dict[str, Any]:
    """Training and test accuracy of each fold.

    Parameters
    ----------
    results : pd.DataFrame
        Rows of one protocol and model, as `evaluation.collect` makes them.
    paper : float or None
        The paper's test accuracy.
    """
    ordered = results.sort_values(["repeat", "fold"])
    columns = [f"{part}_accuracy" for part in PARTS]
    lowest = min(float(ordered[columns].to_numpy().min()), 1.0 if paper is None else paper)
    low = max(0.0, np.floor(10 * lowest - 0.5) / 10)
    x = LEFT + (np.arange(len(ordered)) + 0.5) * (RIGHT - LEFT) / len(ordered)
    means = {part: float(ordered[f"{part}_accuracy"].mean()) for part in PARTS}
    return {
        "points": {
            part: _points(x, _upward(ordered[f"{part}_accuracy"], low, 1.0)) for part in PARTS
        },
        "means": {part: (_up(mean, low, 1.0), f"{mean:.3f}") for part, mean in means.items()},
        "paper": None if paper is None else (_up(paper, low, 1.0), f"{paper:.4f}"),
        "yticks": [(_up(tick, low, 1.0), f"{tick:g}") for tick in ticks(low, 1.0)],
        "count": len(ordered),
    }


def history(histories: pd.DataFrame) -> dict[str, Any]:
    """Loss and accuracies over the epochs: means, and bands of a standard deviation.

    Parameters
    ----------
    histories : pd.DataFrame
        Columns ``repeat fold epoch loss train_accuracy test_accuracy``; of one network.
    """
    mean, deviation = over_folds(histories)
    last = max(int(mean.index.max()), 2)
    shown = np.unique(np.geomspace(1, last, MOST).round().astype(int))
    mean, deviation = (table[table.index.isin(shown)] for table in (mean, deviation))
    epochs = mean.index.to_numpy(dtype=float)
    x = LEFT + np.log(epochs) / np.log(last) * (RIGHT - LEFT)
    marks = [m * 10**e for e in range(7) for m in (1, 2, 5) if m * 10**e <= last]
    xticks = [(round(LEFT + np.log(m) / np.log(last) * (RIGHT - LEFT), 1), f"{m:,}") for m in marks]
    highest = float((mean["loss"] + deviation["loss"]).max()) or 1.0
    return {
        "xticks": xticks,
        "loss": _lines(x, mean, deviation, {"train": "loss"}, highest),
        "accuracy": _lines(x, mean, deviation, {p: f"{p}_accuracy" for p in PARTS}, 1.0),
    }


def reliability(curves: pd.DataFrame) -> list[dict[str, Any]]:
    """Accuracy by confidence in bins, a line a scaling.

    Parameters
    ----------
    curves : pd.DataFrame
        As `evaluation.calibration` writes them; one protocol and model.

    Returns
    -------
    list of dict
        ``scaling``; ``line``: path through the bins that have clips; ``points``: these bins, each
        ``x y radius title``, the area of a point growing with its share of clips.
    """
    found = []
    for scaling, curve in curves.groupby("scaling", sort=False):
        filled = curve[curve["clips"] > 0]
        x = LEFT + filled["confidence"].to_numpy() * (RIGHT - LEFT)
        places = _points(x, _upward(filled["accuracy"], 0, 1))
        radii = (2 + 9 * np.sqrt(filled["clips"] / filled["clips"].sum())).round(1)
        titles = [
            f"{row.clips:,} clips of {row.low:g} to {row.high:g}: confidence {row.confidence:.3f}, "
            f"accuracy {row.accuracy:.3f}"
            for row in filled.itertuples()
        ]
        points = [(*at, r, title) for at, r, title in zip(places, radii, titles, strict=True)]
        found.append({"scaling": scaling, "line": _path(places), "points": points})
    return found


def learning_curve(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Accuracy by the number of training artists, and by that of training clips.

    Parameters
    ----------
    table : pd.DataFrame
        As ``learning-curve.csv`` has it.

    Returns
    -------
    list of dict
        One of each series: ``label``, ``xticks``, ``yticks``, and ``models``, each with ``name``,
        ``line`` and ``points`` (across, up, title).
    """
    found = levels(table)
    means = found["mean"].to_numpy()
    low, high = np.floor(10 * means.min()) / 10, min(1.0, np.ceil(10 * means.max() + 0.01) / 10)
    drawn = []
    for series, label in SERIES.items():
        own = found[found["series"] == series]
        first, last = own[series].min(), own[series].max()
        models = []
        for name, rows in own.groupby("model", sort=False):
            x = LEFT + _between(rows[series], first, last) * (RIGHT - LEFT)
            places = _points(x, _upward(rows["mean"], low, high))
            titles = [
                f"{name}: accuracy {row.mean:.3f}, {row.artists:.0f} artists, {row.clips:.0f} clips"
                for row in rows.itertuples()
            ]
            points = [(*at, title) for at, title in zip(places, titles, strict=True)]
            models.append({"name": name, "line": _path(places), "points": points})
        sizes = own.groupby("level")[series].mean()
        across = LEFT + _between(sizes, first, last) * (RIGHT - LEFT)
        xticks = [(round(float(x), 1), f"{n:,.0f}") for x, n in zip(across, sizes, strict=True)]
        drawn.append(
            {
                "label": label,
                "models": models,
                "xticks": xticks,
                "yticks": [(_up(tick, low, high), f"{tick:g}") for tick in ticks(low, high)],
            }
        )
    return drawn


def _between(values: pd.Series, low: float, high: float) -> NDArray[np.float64]:
    """Where values lie between two others, from 0 to 1."""
    return (values.to_numpy(dtype=float) - low) / max(high - low, 1e-9)


def shares() -> list[tuple[float, float, str]]:
    """Ticks of a figure whose both axes are shares: across, up, text."""
    return [
        (round(LEFT + tick * (RIGHT - LEFT), 1), _up(tick, 0, 1), f"{tick:g}")
        for tick in ticks(0, 1)
    ]


def _lines(
    x: NDArray[np.float64],
    mean: pd.DataFrame,
    deviation: pd.DataFrame,
    columns: dict[str, str],
    high: float,
) -> dict[str, Any]:
    drawn = {}
    for name, column in columns.items():
        upper = _points(x, _upward(mean[column] + deviation[column], 0, high))
        lower = _points(x, _upward(mean[column] - deviation[column], 0, high))
        line = _points(x, _upward(mean[column], 0, high))
        drawn[name] = {"line": _path(line), "band": _path([*upper, *reversed(lower)]) + "Z"}
    return {
        "lines": drawn,
        "yticks": [(_up(tick, 0, high), f"{tick:g}") for tick in ticks(0, high)],
    }


def _up(value: float, low: float, high: float) -> float:
    return round(BOTTOM - share(value, low, high) / 100 * (BOTTOM - TOP), 1)


def _upward(values: pd.Series, low: float, high: float) -> list[float]:
    return [_up(float(value), low, high) for value in values]


def _points(x: NDArray[np.float64], y: list[float]) -> list[tuple[float, float]]:
    return list(zip(x.round(1).tolist(), y, strict=True))


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
