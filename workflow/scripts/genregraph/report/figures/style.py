"""How all figures look, and how they are saved: the same bytes for the same data."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

DPI = 150
STYLE: dict[str, Any] = {
    "font.size": 9,
    "figure.titlesize": 11,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "text.parse_math": False,  # A genre or clip may have dollars in its name.
    "svg.fonttype": "none",
    "svg.hashsalt": "genregraph",
}
METADATA: dict[str, Any] = {".png": {"Software": None}, ".svg": {"Creator": None, "Date": None}}
FigureFile = Annotated[Path, typer.Option(help="Figure, to be written (PNG or SVG).")]

# Those of Okabe and Ito, "Color Universal Design" (2008), but for yellow, which is faint on white;
# then three of P. Tol's scheme "muted" ("Colour Schemes", SRON technical note, 2021).
BLUE, VERMILION, BLACK, GREY, PALE = "#0072B2", "#D55E00", "#000000", "#888888", "#CCCCCC"
COLOURS = [BLUE, "#E69F00", "#009E73", "#CC79A7", VERMILION, "#56B4E9", BLACK]
COLOURS += ["#999933", "#882255", "#332288", GREY]
PARTS = {"train": (BLUE, "s", "-"), "test": (VERMILION, "o", "--")}

# Draw in the figures' style, whatever the user's own: a context, and a decorator.
in_style = partial(style.context, STYLE, after_reset=True)


def new_figure(width: float, height: float) -> Figure:
    """Empty figure, sizes in inches; nothing on it overlaps."""
    return Figure(figsize=(width, height), layout="constrained")


def draw_text(text: str, width: float, height: float) -> Figure:
    """Figure that says why nothing is drawn, sizes in inches."""
    figure = new_figure(width, height)
    figure.text(0.5, 0.5, text, ha="center", va="center")
    return figure


def save(figure: Figure, output: Path) -> None:
    """Write a figure as PNG or SVG, with nothing clipped and no time in it."""
    with in_style():
        about = METADATA.get(output.suffix, {})
        figure.savefig(output, dpi=DPI, bbox_inches="tight", pad_inches=0.1, metadata=about)


def plain(name: object, longest: int = 40) -> str:
    """Name of a clip, genre or feature as it can be drawn: printable, and short."""
    printable = "".join(letter if letter.isprintable() else "\ufffd" for letter in str(name))
    if len(printable) <= longest:
        return printable
    half = (longest - 1) // 2
    return f"{printable[: longest - 1 - half]}…{printable[-half:]}"


def counted(number: int, what: str) -> str:
    """Number of things, such as ``1 fold`` and ``1,000 clips``."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def colour_of(number: int) -> str:
    """Colour of the genre, model or protocol with that number."""
    return COLOURS[number % len(COLOURS)]


def draw_matrix(axes: Axes, table: pd.DataFrame, label: str, **options: Any) -> None:
    """Draw a square table as a heat map with names on both sides and a colour bar."""
    names = [plain(name, 26) for name in table.index]
    image = axes.imshow(table, interpolation="nearest", **options)
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    axes.figure.colorbar(image, ax=axes, label=label, shrink=0.65)


def draw_band(axes: Axes, values: Any, part: str, **options: Any) -> None:
    """Draw means of a part (train or test) as a line, a standard deviation each way as a band."""
    colour, _, line = PARTS[part]
    mean, deviation = values.mean(), values.std().fillna(0)
    low, high = mean - deviation, mean + deviation
    axes.fill_between(mean.index, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(mean.index, mean, color=colour, ls=line, label=part, **options)


def draw_logarithmic(axes: Axes) -> None:
    """Give an axis a logarithmic scale with plain numbers."""
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def draw_legend(axes: Axes, columns: int = 3) -> None:
    """Explain below all panels what is explained in one of them."""
    handles, labels = axes.get_legend_handles_labels()
    axes.figure.legend(handles, labels, loc="outside lower center", ncols=columns)


def draw_title(figure: Figure, table: pd.DataFrame, what: str) -> None:
    """Title a figure of an experiment on a dataset."""
    first = table.iloc[0]
    figure.suptitle(plain(f"{first['experiment']} on {first['dataset']}: {what}", 70))
