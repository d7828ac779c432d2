"""Figure of the clips of a fold in two dimensions, by PCA and by t-SNE.

References
----------
.. [1] L. van der Maaten, G. Hinton, "Visualizing Data using t-SNE", Journal of Machine Learning
   Research 9 (2008) 2579-2605.
"""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from genregraph.preprocessing.inputs import Inputs
from genregraph.preprocessing.sample import MOST
from genregraph.report.figures.style import (
    counted,
    draw_clips,
    draw_genre_legend,
    in_style,
    new_figure,
    without_ticks,
)

DIMENSIONS = 50  # That t-SNE starts from: more cost time and show nothing else.
PERPLEXITY = 30
MEANINGLESS = "neither axes nor large distances mean anything"

Floats = NDArray[np.floating]


def principal_components(x: Floats, most: int, seed: int) -> tuple[Floats, Floats]:
    """Principal components of some clips.

    Parameters
    ----------
    x : NDArray, shape (n, d)
    most : int
        Components wanted, at least 2.
    seed : int
        Of the randomised decomposition of large matrices.

    Returns
    -------
    places : NDArray, shape (n, m)
        m is ``min(most, n, d)``, but at least 2.
    shares : NDArray, shape (m,)
        Of the variance.
    """
    padded = np.pad(x, [(0, 0), (0, max(0, 2 - x.shape[1]))])
    pca = PCA(min(most, *padded.shape), random_state=seed)
    return pca.fit_transform(padded), pca.explained_variance_ratio_


def neighbour_map(components: Floats, seed: int, most: int = MOST) -> Floats:
    """Where t-SNE puts clips.

    Parameters
    ----------
    components : NDArray, shape (n, m)
    seed : int
    most : int
        Of more clips a sample of this size is placed, and each other at the mean of its three
        nearest.

    Returns
    -------
    NDArray, shape (n, 2)
    """
    n = len(components)
    sample = np.sort(np.random.default_rng(seed).choice(n, min(most, n), replace=False))
    perplexity = min(PERPLEXITY, (len(sample) - 1) / 3)
    placed = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(
        components[sample]
    )
    if n <= most:
        return placed
    nearest = NearestNeighbors(n_neighbors=3).fit(components[sample]).kneighbors(components)[1]
    places = placed[nearest].mean(axis=1)
    places[sample] = placed
    return places


class Placed(NamedTuple):
    """Clips of a fold in two dimensions.

    Attributes
    ----------
    components : NDArray, shape (n, m)
        Principal components, m at least 2.
    shares : NDArray, shape (m,)
        Of the variance.
    tsne : NDArray, shape (n, 2)
    """

    components: Floats
    shares: Floats
    tsne: Floats


def place(x: Floats, seed: int) -> Placed:
    """Place clips by PCA and t-SNE.

    Parameters
    ----------
    x : NDArray, shape (n, d)
        Inputs.
    seed : int
        Of both.
    """
    components, shares = principal_components(x, DIMENSIONS, seed)
    return Placed(components, shares, neighbour_map(components, seed))


@in_style()
def draw(inputs: Inputs, placed: Placed) -> Figure:
    """Clips of a fold, coloured by genre: left by PCA, right by t-SNE.

    Parameters
    ----------
    inputs : Inputs
        n clips, d features.
    placed : Placed
        As `place` places these clips.
    """
    figure = new_figure(9.5, 4.4)
    left, right = figure.subplots(1, 2)
    draw_clips(left, placed.components[:, :2], inputs.y, inputs.genres.tolist())
    draw_clips(right, placed.tsne, inputs.y, inputs.genres.tolist())
    left.set(
        title="PCA",
        xlabel=f"component 1 ({placed.shares[0]:.0%} of the variance)",
        ylabel=f"component 2 ({placed.shares[1]:.0%})",
    )
    right.set(title="t-SNE", xlabel=MEANINGLESS)
    without_ticks(right)
    draw_genre_legend(figure, left)
    figure.suptitle(f"{counted(len(inputs.y), 'clip')} by {counted(inputs.x.shape[1], 'feature')}")
    return figure
