"""What GraphSAGE is compared with: classifiers of scikit-learn.

Each learns from the training clips of a fold and gives all its clips a probability a genre, the
largest of which is the model's own prediction. All see the inputs as they are: scaling is the
experiment's.

References
----------
.. [1] F. Pedregosa et al., "Scikit-learn: Machine Learning in Python", JMLR 12, 2011.
.. [2] G. Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017.
.. [3] D. Zhou et al., "Learning with Local and Global Consistency", NeurIPS 2003.
"""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.special import softmax
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, kneighbors_graph
from sklearn.semi_supervised import LabelSpreading
from sklearn.svm import SVC

from inputs.inputs import Inputs
from inputs.sample import limited
from learning import options
from learning.every_fold import every_fold
from learning.predictions import Compared, Fit, compared, write_compared
from settings.errors import UserError
from settings.seeds import fold_seed

logger = logging.getLogger(__name__)

Matrix = NDArray[np.float64]
NEIGHBOURS, ALPHA = 7, 0.2  # Of label spreading: itself one, and the share that neighbours give.
TREES = 500
STEPS = 20  # Of which each gives a fifth of the one before.

Model = Callable[[Inputs, int], Fit]


def logistic(inputs: Inputs, seed: int) -> Fit:
    """Multinomial logistic regression with an L2 penalty, C = 1; ``seed`` is not used."""
    return fit(LogisticRegression(C=1, max_iter=2000), inputs)


def svm(inputs: Inputs, seed: int) -> Fit:
    """Support vector machine, RBF kernel, C = 10, gamma = 1 / (d var(x)).

    It learns from `inputs.sample.MOST` training clips at most, drawn by ``seed``: its time grows by
    the square of their number, or faster.

    Probabilities are the softmax of its decision values, so that the largest is its prediction,
    ties between pairwise votes being broken by confidence (scikit-learn's ``break_ties=True``).
    Platt's come from an inner cross validation and may disagree with the prediction. The softmax is
    not calibrated: its log loss is no more than indicative.
    """
    return fit(SVC(C=10, gamma="scale"), limited(inputs, seed))


def forest(inputs: Inputs, seed: int) -> Fit:
    """Random forest of `TREES` trees."""
    return fit(RandomForestClassifier(TREES, random_state=seed), inputs)


def boosting(inputs: Inputs, seed: int) -> Fit:
    """Gradient boosting on histograms [2]_: 100 rounds of a tree a genre, learning rate 0.1.

    Trees of 8 leaves, histograms of 32 bins and a random tenth of the features a split keep a fold
    of 6,431 features within half a minute on a core. All rounds are run: early stopping would keep
    clips from training, and choose by few.
    """
    classifier = HistGradientBoostingClassifier(
        max_iter=100,
        learning_rate=0.1,
        max_leaf_nodes=8,
        min_samples_leaf=5,
        max_bins=32,
        max_features=0.1,
        early_stopping=False,
        random_state=seed,
    )
    return fit(classifier, inputs)


def knn(inputs: Inputs, seed: int) -> Fit:
    """Votes of the 5 nearest training clips, or of all if there are fewer; ``seed`` is not used."""
    return fit(KNeighborsClassifier(min(5, int(inputs.train.sum()))), inputs)


def label_spreading(inputs: Inputs, seed: int) -> Fit:
    """Genres spread over the graph of 7 nearest neighbours, itself one [3]_; ``seed`` is not used.

    Like GraphSAGE it is transductive: it sees the features of test clips, not their genres. A clip
    that no training clip reaches gets the shares of genres in training. A training clip is
    predicted `by_others`, since its own genre would come out as it was put in.
    """
    labels = np.where(inputs.train, inputs.y, -1)
    model = _spreading(len(labels))
    model.fit(inputs.x.astype(np.float64), labels)
    probabilities = np.zeros((len(labels), len(inputs.genres)))
    probabilities[:, model.classes_] = model.label_distributions_
    known = np.eye(len(inputs.genres))[inputs.y] * inputs.train[:, None]
    probabilities[inputs.train] = by_others(inputs.x, known)[inputs.train]
    shares = known.sum(axis=0) / known.sum()
    probabilities[probabilities.sum(axis=1) == 0] = shares
    return Fit(probabilities, _iterations(model))


def label_spreading_one_by_one(inputs: Inputs, seed: int) -> Fit:
    """The same over the graph of training clips; each clip then gets the mean of its 7 nearest."""
    found = fit(_spreading(int(inputs.train.sum())), inputs)
    known = np.eye(len(inputs.genres))[inputs.y[inputs.train]]
    heard = by_others(inputs.x[inputs.train], known)
    heard[heard.sum(axis=1) == 0] = known.mean(axis=0)
    found.probabilities[inputs.train] = heard
    return found


def by_others(x: NDArray[np.floating], known: Matrix) -> Matrix:
    """Genres that spread to each clip from all others but itself, in the same graph.

    Parameters
    ----------
    x : NDArray[np.floating], shape (n, d)
    known : NDArray[np.float64], shape (n, c)
        Rows of one-hot genres; of clips of unknown genre all 0.

    Returns
    -------
    NDArray[np.float64], shape (n, c)
        Rows add up to 1, or to 0 where nothing comes from others. What a clip's own genre sends out
        and gets back is taken off: by up to four steps as it is, by more at the most that it may
        be, which is 0.0004 of what was sent. So nothing of it is left.
    """
    graph = kneighbors_graph(x.astype(np.float64), min(NEIGHBOURS, len(x)), include_self=True)
    step = (-ALPHA * sparse.csr_array(csgraph.laplacian(graph, normed=True))).tocsr()
    step.setdiag(0)
    spread = known
    for _ in range(STEPS):
        spread = known + step @ spread
    two = step @ step
    returned = two.diagonal() + sum((two * back.T).sum(axis=1) for back in (step, two))
    returned += ALPHA**5 / (1 - ALPHA)  # No return is more likely than 1.
    heard = np.maximum(spread - known * (1 + returned)[:, None], 0)
    sums = heard.sum(axis=1, keepdims=True)
    return np.divide(heard, sums, out=np.zeros_like(heard), where=sums > 0)


def _spreading(clips: int) -> LabelSpreading:
    neighbours = min(NEIGHBOURS, clips)
    return LabelSpreading(kernel="knn", n_neighbors=neighbours, alpha=ALPHA, max_iter=1000)


MODELS: dict[str, Model] = {
    "logistic": logistic,
    "svm": svm,
    "forest": forest,
    "boosting": boosting,
    "knn": knn,
    "label_spreading": label_spreading,
}
# Those that see each test clip by itself: all but one do.
ONE_BY_ONE = MODELS | {"label_spreading": label_spreading_one_by_one}


def fit(classifier: Any, inputs: Inputs) -> Fit:
    """Fit a classifier of scikit-learn to the training clips of a fold.

    Parameters
    ----------
    classifier : estimator
        With ``predict_proba`` or ``decision_function``, of which the softmax is taken.
    inputs : Inputs
        n clips, c genres.

    Returns
    -------
    Fit
        A genre absent from training has probability 0.
    """
    x, y = inputs.x.astype(np.float64), inputs.y[inputs.train]
    probabilities = np.zeros((len(x), len(inputs.genres)))
    if y.min() == y.max():  # Several classifiers refuse to learn a single genre.
        probabilities[:, y[0]] = 1
        return Fit(probabilities, 0)
    classifier.fit(x[inputs.train], y)
    probabilities[:, classifier.classes_] = _probabilities(classifier, x)
    return Fit(probabilities, _iterations(classifier))


def _probabilities(classifier: Any, x: Matrix) -> Matrix:
    if hasattr(classifier, "predict_proba"):
        return classifier.predict_proba(x)
    decision = classifier.decision_function(x)
    if decision.ndim == 1:  # Of two genres: the second's against the first's.
        decision = np.column_stack([np.zeros_like(decision), decision])
    return softmax(decision, axis=1)


def _iterations(classifier: Any) -> int:
    return int(np.max(getattr(classifier, "n_iter_", 0)))


def learn(inputs: Path, fold: int, names: Sequence[str], one_by_one: bool, seed: int) -> Compared:
    """Train baselines on one fold.

    Parameters
    ----------
    inputs, fold
        As `learning.every_fold` gives them.
    names : sequence of str
        Of `MODELS`.
    one_by_one : bool
        Whether each test clip is seen by itself.
    seed : int
        The configuration's.
    """
    data, models, fits = Inputs.load(inputs), ONE_BY_ONE if one_by_one else MODELS, {}
    for name in names:
        start = time.perf_counter()
        found = models[name](data, fold_seed(seed, fold))
        fits[name] = found._replace(seconds=time.perf_counter() - start)
        logger.info("fold %d, %s: %d epochs, %.3f s", fold, name, *fits[name][1:])
    return compared(data, fits)


def main(
    inputs: options.InputsFiles,
    neighbours: options.Neighbours,
    seed: options.Seed,
    times: Annotated[Path, typer.Option(help="Epochs and seconds a model, to be written (CSV).")],
    output: Annotated[Path, typer.Option(help="All predictions, to be written (Parquet).")],
    model: Annotated[
        list[str] | None, typer.Option(help=f"May be repeated; else all: {', '.join(MODELS)}.")
    ] = None,
    jobs: options.Jobs = 1,
) -> None:
    """Train baselines on every fold of a protocol."""
    names = list(dict.fromkeys(model or MODELS))
    unknown = sorted(set(names) - set(MODELS))
    if unknown:
        raise UserError(f"model {unknown[0]}: no such baseline; there are {', '.join(MODELS)}")
    train = partial(learn, names=names, one_by_one=neighbours == "train", seed=seed)
    write_compared(every_fold(train, inputs, jobs), output, times)
