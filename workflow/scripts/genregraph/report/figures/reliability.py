"""Figure of accuracy by confidence, a panel a model."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genregraph.report.figures.style import GREY, colour_of, in_style, new_figure, plain

COLUMNS = 4  # Of panels.
LINES = {"none": "-", "temperature": "--"}


@in_style()
def draw(curves: pd.DataFrame) -> Figure:
    """Accuracy of test clips by confidence, a panel a model and a line a protocol.

    Parameters
    ----------
    curves : pd.DataFrame
        As `evaluation.calibration` writes them; one experiment. Points are bins, their areas grow
        with the share of clips in them. Without rows, the figure says that there is nothing.
    """
    curves = curves[curves["aggregation"] == "none"]
    if curves.empty:
        figure = new_figure(4, 1)
        figure.text(0.5, 0.5, "no protocol could be evaluated", ha="center", va="center")
        return figure
    models = list(curves.groupby("model", sort=False))
    rows = -(-len(models) // COLUMNS)
    figure = new_figure(2.6 * min(COLUMNS, len(models)) + 0.4, 2.5 * rows + 0.9)
    panels = figure.subplots(
        rows, min(COLUMNS, len(models)), squeeze=False, sharex=True, sharey=True
    ).ravel()
    protocols = curves["protocol"].unique().tolist()
    for axes, (model, own) in zip(panels, models, strict=False):
        axes.plot([0, 1], [0, 1], color=GREY, lw=1, zorder=1)
        for (protocol, scaling), curve in own.groupby(["protocol", "scaling"], sort=False):
            _draw_curve(axes, curve, protocols.index(protocol), str(protocol), str(scaling))
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        axes.set_title(plain(str(model), 24))
    for axes in panels[len(models) :]:
        axes.remove()
    figure.supxlabel("confidence (largest probability)")
    figure.supylabel("accuracy (share of clips)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    first = curves.iloc[0]
    figure.suptitle(plain(f"{first['experiment']} on {first['dataset']}: reliability", 70))
    return figure


def _draw_curve(axes: Axes, curve: pd.DataFrame, number: int, protocol: str, scaling: str) -> None:
    filled = curve[curve["clips"] > 0]
    share = filled["clips"] / filled["clips"].sum()
    label = protocol if scaling == "none" else f"{protocol}, at a fitted temperature"
    colour = colour_of(number)
    face = colour if scaling == "none" else "white"
    places = filled["confidence"], filled["accuracy"]
    axes.plot(*places, color=colour, ls=LINES[scaling], lw=1, label=label, zorder=2)
    axes.scatter(
        *places,
        s=4 + 80 * share,
        facecolors=face,
        edgecolors=colour,
        linewidths=0.8,
        zorder=3,
        clip_on=False,
    )
