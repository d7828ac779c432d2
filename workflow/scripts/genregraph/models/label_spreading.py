"""Label spreading: a graph model without a network.

References
----------
.. [1] D. Zhou et al., "Learning with Local and Global Consistency", NeurIPS 2003.
"""

import numpy as np
from sklearn.semi_supervised import LabelSpreading

from genregraph.models.base import Fit, Fold, Matrix, held_out
from genregraph.models.temperature import log_loss
from genregraph.preprocessing.inputs import Inputs


def fit_predict(fold: Fold) -> Fit:
    """Genres spread over the graph of 7 nearest neighbours, the clip itself among them [1]_.

    It is transductive: it uses the features of test clips, not their genres, and a clip that no
    training clip reaches gets the shares of genres in training. In an inductive fold, the graph has
    training clips alone, and each other clip gets the mean of its 7 nearest.
    """
    probabilities, epochs = _spread(fold.inputs, fold.inductive)
    if not (fold.calibrate and fold.splits):
        return Fit(probabilities, epochs)
    clips = held_out(fold.inputs, fold.splits, lambda inner: _spread(inner, fold.inductive)[0])
    return Fit(probabilities, epochs, inner_log_loss=log_loss(*clips), held_out=clips)


def _spread(inputs: Inputs, inductive: bool) -> tuple[Matrix, int]:
    """Probabilities, shape (n, c), and iterations."""
    x, train = inputs.x.astype(np.float64), inputs.train
    there = train if inductive else np.ones_like(train)
    neighbours = min(7, int(there.sum()))  # With the clip itself.
    model = LabelSpreading(kernel="knn", n_neighbors=neighbours, alpha=0.2, max_iter=1000)
    model.fit(x[there], np.where(train, inputs.y, -1)[there])
    probabilities = np.zeros((len(x), len(inputs.genres)))
    probabilities[np.ix_(there, model.classes_)] = model.label_distributions_
    if not there.all():
        probabilities[np.ix_(~there, model.classes_)] = model.predict_proba(x[~there])
    shares = np.bincount(inputs.y[train], minlength=len(inputs.genres)) / train.sum()
    probabilities[probabilities.sum(axis=1) == 0] = shares
    return probabilities, int(model.n_iter_)
