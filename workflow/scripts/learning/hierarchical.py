"""Genres by a hierarchy of Gaussians: a clip deviates from its artist, an artist from the genre.

Clips of one artist tell less of a genre than as many clips of as many artists. So a genre's mean is
that of its artists, each weighted by how well the artist's own mean is known, and what a clip of an
artist not heard before may be like is told by both spreads. It is the two-covariance model of
`graph.plda` [1]_ around the means of genres, as in discriminant analysis with random effects [2]_.

References
----------
.. [1] N. Brümmer, E. de Villiers, "The speaker partitioning problem", Odyssey 2010.
.. [2] S. Searle, G. Casella, C. McCulloch, "Variance Components", Wiley 1992, chapter 3: the
   weighted mean of groups' means.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from graph.plda import Plda
from graph.plda import fit as fit_groups
from inputs.inputs import Inputs
from learning.predictions import Fit

Matrix = NDArray[np.float64]


class Genres(NamedTuple):
    """What clips of genres are like, on axes on which they are independent.

    Attributes
    ----------
    spread : Plda
        Of clips within artists, variance 1, and of artists within genres.
    means, variances : NDArray[np.float64], shape (c, d)
        Of each genre's mean: what it is, and how well it is known.
    prior : NDArray[np.float64], shape (c,)
        Share of each genre of the training clips.
    """

    spread: Plda
    means: Matrix
    variances: Matrix
    prior: Matrix


def learnt(x: Matrix, y: NDArray[np.int64], artists: NDArray[np.str_]) -> Genres:
    """Learn genres from clips of known artists.

    Parameters
    ----------
    x : NDArray[np.float64], shape (n, d)
    y : NDArray[np.int64], shape (n,)
        Genres in ``[0, c)``, each of at least one clip, and at least two clips.
    artists : NDArray[np.str_], shape (n,)
        One who plays several genres is one artist in each. If no artist has two clips of a genre,
        clips deviate from genres alone.

    Returns
    -------
    Genres
    """
    counts = np.bincount(y).astype(np.float64)
    apart = x - _sums(x, y)[y] / counts[y, None]
    _, artist = np.unique(artists, return_inverse=True)
    (genre, _), group = np.unique(np.stack([y, artist]), axis=1, return_inverse=True)
    if len(genre) == len(y):
        genre, group = np.unique(y), y
    spread = fit_groups(apart, group.astype(str))
    clips = np.bincount(group).astype(np.float64)[:, None]
    means = _sums(x @ spread.axes, group) / clips
    weights = 1 / (spread.between + 1 / clips)  # By the variance of an artist's mean.
    known = _sums(weights, genre)
    return Genres(spread, _sums(weights * means, genre) / known, 1 / known, counts / len(y))


def log_likelihoods(genres: Genres, x: Matrix) -> Matrix:
    """Log likelihood of clips by unheard artists, shape (n, c), less what all genres share.

    Parameters
    ----------
    genres : Genres
    x : NDArray[np.float64], shape (n, d)
    """
    clips = x @ genres.spread.axes
    variances = 1 + genres.spread.between + genres.variances
    return np.stack(
        [
            -((clips - mean) ** 2 / variance + np.log(variance)).sum(axis=1) / 2
            for mean, variance in zip(genres.means, variances, strict=True)
        ],
        axis=1,
    )


def hierarchical(inputs: Inputs, artists: NDArray[np.str_]) -> Fit:
    """Probabilities of all clips of a fold, learnt from its training clips.

    Parameters
    ----------
    inputs : Inputs
        n clips, c genres; one absent from training has probability 0.
    artists : NDArray[np.str_], shape (n,)
        Those of test clips are not looked at.
    """
    x, train = inputs.x.astype(np.float64), inputs.train
    present, y = np.unique(inputs.y[train], return_inverse=True)
    probabilities = np.zeros((len(x), len(inputs.genres)))
    if len(y) == 1:
        probabilities[:, present] = 1
        return Fit(probabilities, 0)
    genres = learnt(x[train], y, artists[train])
    likely = log_likelihoods(genres, x) + np.log(genres.prior)
    probabilities[:, present] = softmax(likely, axis=1)
    return Fit(probabilities, 0)


def _sums(values: Matrix, group: NDArray[np.int64]) -> Matrix:
    """Sum over each group's rows, shape (groups, d)."""
    sums = np.zeros((group.max() + 1, values.shape[1]))
    np.add.at(sums, group, values)
    return sums
