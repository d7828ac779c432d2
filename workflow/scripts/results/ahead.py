"""Say whether a graph model is ahead of the best model that hears no other clip.

Which classifier is the best is seen on the very folds that a graph model is compared on: the best
of seven is lucky, too. A graph model is therefore said to be ahead only where it is ahead of every
one of them: the test of that is the weakest of its tests against each, which needs no adjustment
for their number [1]_.

References
----------
.. [1] R. Berger, "Multiparameter Hypothesis Testing and Acceptance Sampling", Technometrics 24,
   1982: intersection-union tests.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from results.collect import collect
from results.pooled import songs_of
from results.statistics import adjusted
from results.variants import TESTS, worth
from results.votes import Verdicts, judge

TOLD_ARTISTS = "best_known_artists"  # What is told artists is never called the best of models.
GRAPH_MODELS = ["graphsage", "graph_network", "best", TOLD_ARTISTS, "label_spreading"]
COLUMNS = [
    *"dataset experiment protocol model n_folds mean classifier classifier_mean".split(),
    *"difference ci_low ci_high p p_tests p_by_group p_by_group_tests".split(),
]


def ahead(folds: pd.DataFrame, verdicts: Verdicts) -> pd.DataFrame:
    """Compare the graph models of a protocol with all models that hear no other clip.

    Parameters
    ----------
    folds : pd.DataFrame
        Rows of one experiment and protocol, as `results.collect` makes them; all that are none of
        `GRAPH_MODELS` are classifiers, networks without messages among them.
    verdicts : Verdicts
        Of the same, as `results.votes.judge` makes them.

    Returns
    -------
    pd.DataFrame
        `COLUMNS` but those of ``_tests``, a row a graph model: ``classifier`` has the highest
        ``classifier_mean`` over folds; ``difference`` is ``mean`` less that, with its 95 % interval
        as `results.variants.worth` has it. ``p`` (over folds) and ``p_by_group`` ask whether the
        model is ahead of every classifier: the largest of its p against each, 1 if it is behind any
        [1]_; NaN where there is no test.
    """
    models = folds["model"].unique()
    graphs = [model for model in models if model in GRAPH_MODELS]
    classifiers = [model for model in models if model not in GRAPH_MODELS]
    against = {name: worth(folds, verdicts, name) for name in classifiers}
    means = folds.groupby("model")["test_accuracy"].mean()
    best = str(means[classifiers].idxmax())
    table = against[best].loc[graphs].rename_axis("model").reset_index()
    table["classifier"], table["classifier_mean"] = best, means[best]
    right = verdicts.right.mean()
    for test, score in zip(TESTS, (means, right), strict=True):
        table[test] = [
            _weakest(
                np.array([against[name].loc[model, test] for name in classifiers]),
                score[model] > score[classifiers].to_numpy(),
            )
            for model in graphs
        ]
    return table


def _weakest(p: np.ndarray, is_ahead: np.ndarray) -> float:
    """Largest of some p, where what they are of is ahead; 1 where it is behind, or level.

    NaN where it is behind none and some were not tested, or none at all was.
    """
    if np.isnan(p).all():
        return np.nan
    return float(np.where(is_ahead, p, 1).max()) if is_ahead.all() else 1.0


def main(
    clips: Annotated[Path, typer.Option(help="Clips, which know their song (Parquet).")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    output: Annotated[Path, typer.Option(help="Comparison, to be written (CSV).")],
    folders: Annotated[list[Path] | None, typer.Argument(help="Folder of each protocol.")] = None,
    compared: Annotated[list[str] | None, typer.Option(help="Tables beside GraphSAGE's.")] = None,
) -> None:
    """Compare graph models with all models that hear no other clip, on the same folds."""
    source, files = songs_of(clips), compared or []
    tables = []
    for folder in folders or []:
        folds = collect(folder, dataset, experiment, files)
        table = ahead(folds, judge(folder, source, files))
        tables.append(table.assign(dataset=dataset, experiment=experiment, protocol=folder.name))
    adjusted(tables, TESTS, COLUMNS).to_csv(output, index=False)
