"""How all figures look, and how they are saved: the same bytes for the same data.

References
----------
.. [1] M. Okabe, K. Ito, "Color Universal Design", 2008: colours that the colour-blind distinguish.
.. [2] P. Tol, "Colour Schemes", SRON technical note, 2021: the scheme "muted".
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from genregraph.common.errors import UserError

DPI = 150
STYLE: dict[Any, Any] = {
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
METADATA: dict[str, dict[str, str | None]] = {
    ".png": {"Software": None},
    ".svg": {"Creator": None, "Date": None},
}

# Okabe and Ito's but for yellow, which is faint on white; then the last from Tol's muted ones.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PINK, SKY, BLACK = "#CC79A7", "#56B4E9", "#000000"
WINE, OLIVE, INDIGO = "#882255", "#999933", "#332288"
GREY, PALE = "#888888", "#CCCCCC"
COLOURS = [BLUE, ORANGE, GREEN, PINK, VERMILION, SKY, BLACK, OLIVE, WINE, INDIGO, GREY]
# One more than colours, so that 132 genres differ; with the area at which they look equally large.
MARKERS = [("o", 1.0), ("s", 0.85), ("D", 0.75), ("^", 1.2), ("v", 1.2), ("P", 1.3)]
MARKERS += [("X", 1.3), ("*", 2.0), ("<", 1.2), (">", 1.2), ("p", 1.3), ("h", 1.2)]


@contextmanager
def in_style() -> Iterator[None]:
    """Draw in the figures' style, whatever the user's own; a decorator, too."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def new_figure(width: float, height: float) -> Figure:
    """Empty figure, sizes in inches; nothing on it overlaps."""
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, output: Path) -> None:
    """Write a figure as PNG or SVG with nothing cut off and no time in it.

    Raises
    ------
    UserError
        If the name of ``output`` ends otherwise.
    """
    ending = output.suffix.lower()
    if ending not in METADATA:
        raise UserError(f"output: {output.name} must end in {' or '.join(METADATA)}")
    with in_style():
        figure.savefig(
            output,
            format=ending[1:],
            dpi=DPI,
            bbox_inches="tight",
            pad_inches=0.1,
            metadata=METADATA[ending],
        )


def plain(name: str, longest: int = 40) -> str:
    r"""Name of a clip, genre or feature as it can be drawn: printable, its middle left out if long.

    Examples
    --------
    >>> plain("blues\x00", longest=40)
    'blues�'
    >>> plain("pcm_fftMag_spectralRollOff", longest=11)
    'pcm_f…llOff'
    """
    printable = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    if len(printable) <= longest:
        return printable
    half = (longest - 1) // 2
    return f"{printable[: longest - 1 - half]}…{printable[-half:]}"


def counted(number: int, what: str) -> str:
    """Number of things, such as ``1 fold`` and ``1,000 clips``."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def colour_of(number: int) -> str:
    """Colour of the genre with that number."""
    return COLOURS[number % len(COLOURS)]


def draw_clips(
    axes: Axes, places: NDArray[np.floating], y: NDArray[np.int64], genres: Sequence[str]
) -> None:
    """Draw clips as points, each genre with its own colour and marker.

    Parameters
    ----------
    axes : Axes
    places : NDArray, shape (n, 2)
    y : NDArray[np.int64], shape (n,)
        Genre, as an index into ``genres``.
    genres : sequence of str
    """
    size = float(np.clip(18_000 / len(places), 6, 36))  # Square points.
    for number, genre in enumerate(genres):
        marker, area = MARKERS[number % len(MARKERS)]
        axes.scatter(
            places[y == number, 0],
            places[y == number, 1],
            s=size * area,
            c=colour_of(number),
            marker=marker,
            edgecolors="white",
            linewidths=0.2,
            label=plain(genre, 24),
            rasterized=len(places) > 2000,
            zorder=2,
        )


def draw_genre_legend(figure: Figure, axes: Axes) -> None:
    """Say right of the panels which genre has which colour and marker."""
    handles, labels = axes.get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside right upper", title="genre")
    for handle in legend.legend_handles:
        handle.set_sizes([36])  # type: ignore[union-attr]


def without_ticks(axes: Axes) -> None:
    """Take the ticks off axes whose units mean nothing."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(PALE)
