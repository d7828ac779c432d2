"""Label spreading: a graph model without a network.

References
----------
.. [1] D. Zhou et al., "Learning with Local and Global Consistency", NeurIPS 2003.
"""

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from sklearn.neighbors import kneighbors_graph
from sklearn.semi_supervised import LabelSpreading

from genregraph.models.base import Fit, Fold, Matrix, held_out
from genregraph.models.temperature import log_loss
from genregraph.preprocessing.inputs import Inputs

NEIGHBOURS, ALPHA = 7, 0.2  # With the clip itself, and the share that neighbours give.
STEPS = 20  # Each gives a fifth of the one before.


def fit_predict(fold: Fold) -> Fit:
    """Genres spread over the graph of 7 nearest neighbours, the clip itself among them [1]_.

    It is transductive: it uses the features of test clips, not their genres, and a clip that no
    training clip reaches gets the shares of genres in training. In an inductive fold, the graph has
    training clips alone, and each other clip gets the mean of its 7 nearest. Training clips are
    predicted `by_others`, since their own genre would come out as it was put in.
    """
    probabilities, epochs = _spread(fold.inputs, fold.inductive)
    if not (fold.calibrate and fold.splits):
        return Fit(probabilities, epochs)
    clips = held_out(fold.inputs, fold.splits, lambda inner: _spread(inner, fold.inductive)[0])
    return Fit(probabilities, epochs, inner_log_loss=log_loss(*clips), held_out=clips)


def _spread(inputs: Inputs, inductive: bool) -> tuple[Matrix, int]:
    """Probabilities, shape (n, c), and iterations."""
    x, train = inputs.x.astype(np.float64), inputs.train
    known = np.eye(len(inputs.genres))[inputs.y] * train[:, None]
    there = train if inductive else np.ones_like(train)
    neighbours = min(NEIGHBOURS, int(there.sum()))
    model = LabelSpreading(kernel="knn", n_neighbors=neighbours, alpha=ALPHA, max_iter=1000)
    model.fit(x[there], np.where(train, inputs.y, -1)[there])
    probabilities = np.zeros_like(known)
    if not inductive:
        probabilities[:, model.classes_] = model.label_distributions_
    elif not train.all():
        probabilities[np.ix_(~train, model.classes_)] = model.predict_proba(x[~train])
    probabilities[train] = by_others(x[there], known[there])[train[there]]
    probabilities[probabilities.sum(axis=1) == 0] = known.sum(axis=0) / known.sum()
    return probabilities, int(model.n_iter_)


def by_others(x: Matrix, known: Matrix) -> Matrix:
    """Genres that spread to each clip from all others but itself, in the same graph.

    Rows of ``known``, shape (n, c), are one-hot genres, or 0 where unknown; rows of the result add
    up to 1, or to 0 where nothing comes from others. A clip's own genre that returns to it is
    subtracted: exactly for up to four steps, and for more by its upper bound, 0.0004 of all.
    """
    graph = kneighbors_graph(x, min(NEIGHBOURS, len(x)), include_self=True)
    step = (-ALPHA * sparse.csr_array(csgraph.laplacian(graph, normed=True))).tocsr()
    step.setdiag(0)
    spread = known
    for _ in range(STEPS):
        spread = known + step @ spread
    two = step @ step
    returned = two.diagonal() + sum((two * back.T).sum(axis=1) for back in (step, two))
    returned += ALPHA**5 / (1 - ALPHA)  # No return is more likely than 1.
    others = np.maximum(spread - known * (1 + returned)[:, None], 0)
    sums = others.sum(axis=1, keepdims=True)
    return np.divide(others, sums, out=np.zeros_like(others), where=sums > 0)
