"""What graph networks are compared with: classifiers of scikit-learn [1]_, tuned inside the fold.

References
----------
.. [1] F. Pedregosa et al., "Scikit-learn: Machine Learning in Python", JMLR 12, 2011.
.. [2] G. Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017.
.. [3] A. Niculescu-Mizil, R. Caruana, "Predicting Good Probabilities with Supervised Learning",
   ICML 2005: decision values of a support vector machine are no probabilities.
.. [4] O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices",
   Journal of Multivariate Analysis 88, 2004.
.. [5] P. Belhumeur, J. Hespanha, D. Kriegman, "Eigenfaces vs. Fisherfaces", IEEE Transactions on
   Pattern Analysis and Machine Intelligence 19, 1997: discriminants of principal components.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from genregraph.models.base import Fit, Fold, HeldOut, Matrix, held_out, learnable
from genregraph.models.temperature import fitted_temperature, log_loss, scaled
from genregraph.preprocessing.inputs import MOST, Inputs, spread_evenly

TREES = 200


class Classifier(NamedTuple):
    """A classifier and the grid from which its parameters are chosen.

    ``build`` makes an estimator with ``predict_proba`` from a seed; its features are standardised.
    One that is ``calibrated`` has only decision values, and a parameter ``temperature``, which is
    fitted inside the training clips.
    """

    build: Callable[[int], Any]
    grid: Mapping[str, Sequence[Any]] = {}
    calibrated: bool = False

    def fit_predict(self, fold: Fold) -> Fit:
        """Choose parameters inside the training clips, learn from all of them, predict all clips.

        A genre absent from training has probability 0. Where there is nothing to learn
        (`models.base.learnable`) probabilities are the shares of genres in training.
        """
        inputs, splits = fold.inputs, fold.splits
        if not learnable(inputs.y[inputs.train]):
            return Fit(_predicted(DummyClassifier(), inputs))
        model = Pipeline([("scale", StandardScaler()), ("model", self.build(fold.seed))])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Genres of few clips; iterations that ran out.
            if not splits:
                return Fit(_predicted(model, inputs), _iterations(model))
            search = GridSearchCV(
                model,
                {f"model__{name}": values for name, values in self.grid.items()},
                scoring=partial(score, at_best_temperature=self.calibrated),
                cv=splits,
                error_score="raise",
            ).fit(*_learnt(inputs))
            model, loss, clips = search.best_estimator_, -search.best_score_, None
            if fold.calibrate or self.calibrated:
                clips = held_out(inputs, splits, lambda inner: _predicted(clone(model), inner))
        names = list(self.grid)
        if self.calibrated and clips:
            names.append("temperature")
            temperature = fitted_temperature(*clips)
            if np.isfinite(temperature):
                model[-1].set_params(temperature=temperature)
                clips = clips._replace(probabilities=scaled(clips.probabilities, temperature))
            loss = log_loss(*clips)
        return Fit(
            _probabilities(model, inputs),
            _iterations(model),
            parameters={name: model[-1].get_params()[name] for name in names},
            inner_log_loss=loss,
            held_out=clips,
        )


def _learnt(inputs: Inputs) -> tuple[Matrix, NDArray[np.int64]]:
    return inputs.x[inputs.train].astype(np.float64), inputs.y[inputs.train]


def _predicted(model: Any, inputs: Inputs) -> Matrix:
    """Probabilities of all clips by a model that learns from those that train."""
    return _probabilities(model.fit(*_learnt(inputs)), inputs)


def _probabilities(model: Any, inputs: Inputs) -> Matrix:
    probabilities = np.zeros((len(inputs.y), len(inputs.genres)))
    probabilities[:, model.classes_] = model.predict_proba(inputs.x.astype(np.float64))
    return probabilities


def _iterations(model: Any) -> int:
    return int(np.max(getattr(model[-1], "n_iter_", 0)))


def score(model: Any, x: Matrix, y: NDArray[np.int64], at_best_temperature: bool = False) -> float:
    """Minus the log loss in nats, over clips whose genre the model has learnt."""
    learnt = np.isin(y, model.classes_)
    known = np.searchsorted(model.classes_, y[learnt])
    probabilities = model.predict_proba(x)[learnt]
    temperature = fitted_temperature(probabilities, known) if at_best_temperature else np.nan
    return -log_loss(probabilities, known, 1.0 if np.isnan(temperature) else temperature)


class Svm(ClassifierMixin, BaseEstimator):
    """Support vector machine with an RBF kernel of width ``gamma`` / d, and probabilities.

    These are the softmax of its decision values at a temperature [3]_, so that the largest is its
    own prediction, of pairwise votes with ties broken by confidence. Platt's may disagree with it.
    Of more clips than `preprocessing.inputs.MOST` it learns from a sample: time grows by the square
    of their number, or faster.
    """

    def __init__(
        self, C: float = 10.0, gamma: float = 1.0, temperature: float = 1.0, seed: int = 0
    ) -> None:
        self.C, self.gamma, self.temperature, self.seed = C, gamma, temperature, seed

    def fit(self, x: Matrix, y: NDArray[np.int64]) -> "Svm":
        """Learn from clips, shape (n, d)."""
        drawn = spread_evenly(y, MOST, self.seed)
        self.svc_ = SVC(C=self.C, gamma=self.gamma / x.shape[1]).fit(x[drawn], y[drawn])
        self.classes_, self.n_iter_ = self.svc_.classes_, self.svc_.n_iter_
        return self

    def predict_proba(self, x: Matrix) -> Matrix:
        """Probabilities, shape (n, c)."""
        decision = self.svc_.decision_function(x)
        if decision.ndim == 1:  # Of two genres: the second's against the first's.
            decision = np.column_stack([np.zeros_like(decision), decision])
        return softmax(decision / self.temperature, axis=1)


class Lda(ClassifierMixin, BaseEstimator):
    """Linear discriminants with a covariance that is shrunk by Ledoit and Wolf's formula [4]_.

    Where there are more features than clips, those of principal components [5]_, which lose nothing
    of the training clips: covariances of thousands of features would take minutes.
    """

    def fit(self, x: Matrix, y: NDArray[np.int64]) -> "Lda":
        """Learn from clips, shape (n, d)."""
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        if x.shape[1] > len(x):
            # Variances of components differ: "auto" would make them equal before it shrinks.
            model = LinearDiscriminantAnalysis("lsqr", covariance_estimator=LedoitWolf())
            model = make_pipeline(PCA(len(x) - 1), model)
        self.model_ = model.fit(x, y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, x: Matrix) -> Matrix:
        """Probabilities, shape (n, c)."""
        return self.model_.predict_proba(x)


class Neighbours(KNeighborsClassifier):
    """Votes of the nearest training clips, of all where there are fewer than k.

    One vote more is shared among all genres, so that none has probability 0: the log loss of plain
    votes says little but how many clips got no vote for their genre.
    """

    def fit(self, x: Matrix, y: NDArray[np.int64]) -> "Neighbours":
        """Learn from clips, shape (n, d)."""
        self.set_params(n_neighbors=min(self.n_neighbors, len(y)))
        return super().fit(x, y)

    def predict_proba(self, x: Matrix) -> Matrix:
        """Probabilities, shape (n, c)."""
        k = self.n_neighbors
        return (k * super().predict_proba(x) + 1 / len(self.classes_)) / (k + 1)


CLASSIFIERS: dict[str, Classifier] = {
    "logistic": Classifier(
        lambda seed: LogisticRegression(max_iter=5000), {"C": [0.001, 0.01, 0.1, 1, 10]}
    ),
    "lda": Classifier(lambda seed: Lda()),
    "svm": Classifier(
        lambda seed: Svm(seed=seed), {"C": [1, 3, 10, 30], "gamma": [0.25, 1]}, calibrated=True
    ),
    "forest": Classifier(
        lambda seed: RandomForestClassifier(TREES, random_state=seed), {"min_samples_leaf": [1, 3]}
    ),
    "boosting": Classifier(
        # Of 100 rounds of a tree a genre [2]_. Small trees, 32 bins and a random tenth of the
        # features a split keep a fold of 6,431 features within minutes on a core. Early stopping
        # would take clips from training, and choose by few.
        lambda seed: HistGradientBoostingClassifier(
            max_iter=100,
            max_leaf_nodes=8,
            min_samples_leaf=5,
            max_bins=32,
            max_features=0.1,
            early_stopping=False,
            random_state=seed,
        ),
        {"learning_rate": [0.05, 0.1]},
    ),
    "knn": Classifier(
        lambda seed: Neighbours(),
        {"n_neighbors": [3, 5, 10, 20], "weights": ["uniform", "distance"]},
    ),
}


def blend(fits: Mapping[str, Fit]) -> Fit:
    """The mean of the probabilities of classifiers, by name."""
    inside, clips = [fit.held_out for fit in fits.values() if fit.held_out], None
    if len(inside) == len(fits):
        clips = HeldOut(np.mean([each.probabilities for each in inside], axis=0), inside[0].y)
    return Fit(
        np.mean([fit.probabilities for fit in fits.values()], axis=0),
        seconds=sum(fit.seconds for fit in fits.values()),
        inner_log_loss=log_loss(*clips) if clips else np.nan,
        held_out=clips,
    )


def selected(fits: Mapping[str, Fit]) -> Fit:
    """The classifier with the lowest log loss inside the training clips; else the first."""
    order = [name for name in CLASSIFIERS if name in fits]
    losses = np.nan_to_num([fits[name].inner_log_loss for name in order], nan=np.inf)
    best = order[int(np.argmin(losses))]
    seconds = sum(fit.seconds for fit in fits.values())
    return fits[best]._replace(seconds=seconds, parameters={"model": best})


COMBINED: dict[str, Callable[[Mapping[str, Fit]], Fit]] = {"blend": blend, "selected": selected}
