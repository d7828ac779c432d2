"""A graph of clips that are of one artist: probably, by what artists sound like, or as is known.

Where whole artists are held out, clips of one unknown artist can still vote together, if they find
each other; where clips are held out singly, they also find clips of known genre. Who is of one
artist is asked as speaker recognition asks who is one speaker: features are a group's mean plus a
clip's deviation, both Gaussian, and both covariances are learnt from the groups of the training
clips (PLDA in its two-covariance form [1]_ [2]_).

References
----------
.. [1] S. Ioffe, "Probabilistic Linear Discriminant Analysis", ECCV 2006.
.. [2] N. Brümmer, E. de Villiers, "The speaker partitioning problem", Odyssey 2010: the
   two-covariance model and its log likelihood ratio.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit, logit

from graph.adjacency import BLOCK_BYTES
from graph.similarity import mutual

Matrix = NDArray[np.float64]
NEIGHBOURS = 5
SHRINKAGE = 0.2  # Of the covariance within groups, towards a multiple of the identity.


class Plda(NamedTuple):
    """Axes on which a clip deviates from its group with variance 1, independently.

    Attributes
    ----------
    axes : NDArray[np.float64], shape (d, d)
        Columns, in units of the features.
    offset : NDArray[np.float64], shape (d,)
        Mean of the training clips on the axes.
    between : NDArray[np.float64], shape (d,)
        Variance of groups' means on each axis.
    prior : float
        Log odds that two clips are of one group, before they are heard; -inf if no group has two.
    """

    axes: Matrix
    offset: Matrix
    between: Matrix
    prior: float


def fit(x: Matrix, groups: NDArray[np.str_]) -> Plda:
    """Learn how clips differ within and between groups.

    Parameters
    ----------
    x : NDArray[np.float64], shape (n, d)
    groups : NDArray[np.str_], shape (n,)
        At least two.
    """
    _, group, counts = np.unique(groups, return_inverse=True, return_counts=True)
    n, d = x.shape
    means = np.zeros((len(counts), d))
    np.add.at(means, group, x)
    deviations = x - (means / counts[:, None])[group]
    within = deviations.T @ deviations / max(n - len(counts), 1)
    scale = np.trace(within) / d
    if scale == 0:  # Only groups of one clip, or of the same clip again: nothing to learn from.
        return Plda(np.eye(d), x.mean(axis=0), np.zeros(d), -np.inf)
    variances, vectors = np.linalg.eigh((1 - SHRINKAGE) * within + SHRINKAGE * scale * np.eye(d))
    whitened = vectors / np.sqrt(variances)
    total, rotation = np.linalg.eigh(np.atleast_2d(np.cov((x @ whitened).T)))
    axes = whitened @ rotation
    pairs = (counts * (counts - 1)).sum() / (n * (n - 1))
    return Plda(axes, x.mean(axis=0) @ axes, np.maximum(total - 1, 0), float(logit(pairs)))


def log_odds(plda: Plda, a: Matrix, b: Matrix) -> Matrix:
    """Log odds that clips are of one group.

    Parameters
    ----------
    plda : Plda
    a, b : NDArray[np.float64], shapes (n, d) and (m, d)

    Returns
    -------
    NDArray[np.float64], shape (n, m)
        Log likelihood ratio of the two-covariance model, equation 23 of [2]_ on independent axes
        with variance 1 within groups, plus the prior log odds.
    """
    between = plda.between
    u, v = (each @ plda.axes - plda.offset for each in (a, b))
    together = between / (1 + 2 * between)
    alone = between**2 / (2 * (1 + between) * (1 + 2 * between))
    constant = (np.log1p(between) - np.log1p(2 * between) / 2).sum() + plda.prior
    return (u * together) @ v.T - ((u**2) @ alone)[:, None] - ((v**2) @ alone)[None, :] + constant


def group_graph(
    x: Matrix,
    train: NDArray[np.bool_],
    groups: NDArray[np.str_],
    k: int = NEIGHBOURS,
    apart: bool = True,
) -> sparse.csr_array:
    """Clips that are probably of one group.

    Parameters
    ----------
    x : NDArray[np.float64], shape (n, d)
    train : NDArray[np.bool_], shape (n,)
        Clips whose groups are known.
    groups : NDArray[np.str_], shape (n,)
        Those of test clips are not looked at.
    k : int
        Each clip's most probable ones that are looked at; an edge needs both to see the other.
    apart : bool
        Whether groups are held out whole. Then a training and a test clip cannot be of one, and no
        edge joins them.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Symmetric; values in (0, 1] are probabilities. Nothing on the diagonal.
    """
    n = len(x)
    plda = fit(x[train], groups[train])
    step = max(1, BLOCK_BYTES // (8 * n))
    blocks = []
    for start in range(0, n, step):
        rows = np.arange(start, min(start + step, n))
        odds = log_odds(plda, x[rows], x)
        if apart:
            odds[train[rows, None] != train] = -np.inf
        odds[np.arange(len(rows)), rows] = -np.inf
        kept = min(k, n - 1)
        nearest = np.argpartition(-odds, kept - 1, axis=1)[:, :kept]
        probable = expit(np.take_along_axis(odds, nearest, axis=1))
        shape = (len(rows), n)
        starts = np.arange(len(rows) + 1) * kept
        blocks.append(sparse.csr_array((probable.ravel(), nearest.ravel(), starts), shape=shape))
    return mutual(sparse.csr_array(sparse.vstack(blocks, format="csr")))


def as_known(
    probable: sparse.csr_array,
    groups: NDArray[np.str_],
    known: NDArray[np.bool_],
    train: NDArray[np.bool_] | None = None,
) -> sparse.csr_array:
    """What is known of clips' groups in place of what is probable.

    Parameters
    ----------
    probable : scipy.sparse.csr_array, shape (n, n)
        As `group_graph` gives it.
    groups : NDArray[np.str_], shape (n,)
    known : NDArray[np.bool_], shape (n,)
        Clips whose group is known. Whether two of them are of one group is certain.
    train : NDArray[np.bool_], shape (n,), optional
        Where it is given, no edge joins a training and a test clip.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        Symmetric; 1 for clips of one known group, as in ``probable`` for pairs of which either's is
        not known. Nothing on the diagonal. A group of m clips has m (m - 1) entries.
    """
    parts = groups if train is None else np.char.add(groups, np.where(train, " train", " test"))
    _, group = np.unique(parts, return_inverse=True)
    rows = np.flatnonzero(known)
    shape = (len(groups), group.max() + 1)
    member = sparse.csr_array((np.ones(len(rows)), (rows, group[rows])), shape=shape)
    same = member @ member.T - sparse.diags_array(known.astype(np.float64))
    pairs = probable.tocoo()
    asked = ~(known[pairs.row] & known[pairs.col])
    left = (pairs.data[asked], (pairs.row[asked], pairs.col[asked]))
    found = sparse.csr_array(same + sparse.csr_array(left, shape=probable.shape))
    found.eliminate_zeros()
    return found
