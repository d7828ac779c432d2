"""Figures of the report as SVG, which follows the page's colours in light and dark."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from genregraph.report.figures.dataset import SERIES, levels

WIDTH, HEIGHT = 420, 220
LEFT, RIGHT, TOP, BOTTOM = 40, 410, 12, 184
Interval = tuple[float, float]


class Plot:
    """A figure whose axes go from a lowest to a highest value; what lies outside is at the edge."""

    def __init__(self, label: str, x_label: str, x: Interval, y: Interval) -> None:
        box = {"class": "plot", "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
        self.svg = ET.Element("svg", {**box, "role": "img", "aria-label": label})
        self.x, self.y = ((low, max(high, low + 1e-9)) for low, high in (x, y))
        for tick in ticks(*y):
            self.line("grid", x, (tick, tick))
            self._mark("text", "end", f"{tick:g}", x=LEFT - 6, y=self._up(tick) + 4)
        middle = (LEFT + RIGHT) / 2
        self._mark("text", "middle", x_label, x=middle, y=HEIGHT - 4)

    def _across(self, x: ArrayLike) -> Any:
        return np.interp(np.asarray(x, dtype=float), self.x, (LEFT, RIGHT))

    def _up(self, y: ArrayLike) -> Any:
        return np.interp(np.asarray(y, dtype=float), self.y, (BOTTOM, TOP))

    def _mark(self, tag: str, style: str, text: str, **places: float) -> ET.Element:
        written = {name: f"{value:.1f}" for name, value in places.items()}
        element = ET.SubElement(self.svg, tag, {"class": style, **written})
        element.text = text
        return element

    def x_ticks(self, places: Iterable[float], texts: Iterable[str]) -> None:
        """Write texts below the axis."""
        for place, text in zip(places, texts, strict=True):
            self._mark("text", "middle", text, x=self._across(place), y=BOTTOM + 16)

    def line(self, style: str, x: ArrayLike, y: ArrayLike) -> None:
        """Draw a line through points."""
        points = zip(self._across(x), self._up(y), strict=True)
        path = "M" + "L".join(f"{across:.1f} {up:.1f}" for across, up in points)
        ET.SubElement(self.svg, "path", {"class": style, "d": path})

    def points(
        self, style: str, x: ArrayLike, y: ArrayLike, radius: ArrayLike, titles: Iterable[str]
    ) -> None:
        """Draw points, each with a text for who points at it."""
        places = np.broadcast_arrays(self._across(x), self._up(y), radius)
        for cx, cy, r, title in zip(*places, titles, strict=True):
            circle = self._mark("circle", style, "", cx=cx, cy=cy, r=r)
            ET.SubElement(circle, "title").text = title

    def __html__(self) -> str:
        return ET.tostring(self.svg, encoding="unicode")


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``, some five of them."""
    values = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [round(float(v), 6) for v in values if low - 1e-9 <= v <= high + 1e-9]


def tenths(values: ArrayLike) -> Interval:
    """Tenths between which all values lie, of 0 to 1; without values all of it."""
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.floor(10 * finite.min() + 1e-9) / 10, np.ceil(10 * finite.max() - 1e-9) / 10
    return max(0.0, float(low)), min(1.0, max(float(high), float(low) + 0.1))


def share(value: float, scale: Interval) -> str:
    """Where a value lies between two others, in percent; outside it is at the edge."""
    return f"{np.interp(value, scale, (0, 100)):.2f}%"


def reliability(curves: pd.DataFrame, label: str) -> Plot:
    """Accuracy by confidence in bins, a line a scaling; a point's area grows with its clips.

    Parameters
    ----------
    curves : pd.DataFrame
        As `evaluation.calibration` writes them; one protocol and model.
    label : str
    """
    plot = Plot(label, "confidence; upwards: accuracy", (0, 1), (0, 1))
    plot.x_ticks(ticks(0, 1), [f"{tick:g}" for tick in ticks(0, 1)])
    plot.line("even", (0, 1), (0, 1))
    for scaling, curve in curves[curves["clips"] > 0].groupby("scaling", sort=False):
        titles = [
            f"{row.clips:,} clips of {row.low:g} to {row.high:g}: confidence {row.confidence:.3f}, "
            f"accuracy {row.accuracy:.3f}"
            for row in curve.itertuples()
        ]
        radii = 2 + 9 * np.sqrt(curve["clips"] / curve["clips"].sum())
        plot.line(f"trust {scaling}", curve["confidence"], curve["accuracy"])
        plot.points(f"trust {scaling}", curve["confidence"], curve["accuracy"], radii, titles)
    return plot


def learning_curve(table: pd.DataFrame) -> tuple[list[str], list[Plot]]:
    """Models, and accuracy by the number of training artists and by that of training clips.

    Parameters
    ----------
    table : pd.DataFrame
        ``learning-curve.csv``.
    """
    means = levels(table)
    models = means["model"].unique().tolist()
    plots = []
    for series, label in SERIES.items():
        own = means[means["series"] == series]
        sizes = own.groupby("level")[series].mean()
        ends = min(sizes), max(sizes)
        plot = Plot(f"Accuracy by the number of {label}", label, ends, tenths(means["mean"]))
        plot.x_ticks(sizes, [f"{size:,.0f}" for size in sizes])
        for name, rows in own.groupby("model", sort=False):
            titles = [
                f"{name}: accuracy {row.mean:.3f}, {row.artists:.0f} artists, {row.clips:.0f} clips"
                for row in rows.itertuples()
            ]
            style = f"series{models.index(name)}"
            plot.line(style, rows[series], rows["mean"])
            plot.points(style, rows[series], rows["mean"], 3.5, titles)
        plots.append(plot)
    return models, plots
