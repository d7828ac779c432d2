"""Comparisons of models on the same test clips, and of a model's accuracy under two protocols.

Each answers a question:

=========  =======================================================================================
messages   A network against its ablation, which differs in nothing but the messages.
baseline   A graph model against the best of the models that use no other test clip. Which one that
           is, is seen on the very test clips: the best of many is lucky, too. So p is the largest
           of the p against each of them, which needs no adjustment for their number [1]_.
variant    A variant against the network that it varies.
protocol   A model under clean against itself under another protocol, on the songs of both.
paper      GraphSAGE under protocol paper against the paper's number.
=========  =======================================================================================

Models that use artist labels are compared with each other alone: at each aggregation by itself, and
graph models on a graph of artists' clips with baselines at aggregation ``artist``.

References
----------
.. [1] R. Berger, "Multiparameter Hypothesis Testing and Acceptance Sampling", Technometrics 24,
   1982: intersection-union tests.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from genregraph.config.model import Experiment
from genregraph.config.registry import CLASSIFIERS, COMBINED, NETWORKS, SPREADING
from genregraph.evaluation.aggregate import KEY
from genregraph.evaluation.outputs import model_names
from genregraph.evaluation.statistics import (
    Effect,
    draw_groups,
    holm,
    over_folds,
    over_groups,
    sign_flip_test,
    totals,
)

TESTS = ["p_folds", "p_groups"]
FAMILY = ["question", "protocol"]
COLUMNS = [
    *"experiment protocol aggregation model reference question".split(),
    *"difference ci_low ci_high p_folds p_groups p_folds_holm p_groups_holm".split(),
    *"n_tests equivalent_within smallest_detectable".split(),
]
RAW = [name for name in COLUMNS if not (name.endswith("_holm") or name == "n_tests")]
OTHERS = ("random", "paper", "kfold")  # What protocol clean is compared with.
MOST_SHARES = 10**6  # Shares of tests are counted in units of no less than its inverse.


@dataclass(frozen=True)
class View:
    """Tests of a protocol's models at one aggregation; a column a model in all but the first.

    Attributes
    ----------
    folds : pd.DataFrame
        ``model repeat fold n_train n_test test_accuracy``.
    predicted : pd.DataFrame
        Predicted genre: a row a test of a clip.
    right : pd.DataFrame of bool
        Likewise, with a level ``group`` of the index.
    songs : pd.DataFrame of bool
        Whether songs are predicted rightly: a row a test of a song, with levels ``song`` and
        ``group``.
    draws : NDArray[np.uint8], shape (d, g)
        Draws of the groups, in their order.
    """

    folds: pd.DataFrame
    predicted: pd.DataFrame
    right: pd.DataFrame
    songs: pd.DataFrame
    draws: NDArray[np.uint8]

    @cached_property
    def accuracies(self) -> pd.DataFrame:
        """Test accuracy of each fold."""
        return self.folds.pivot(index=KEY, columns="model", values="test_accuracy")

    @cached_property
    def sums(self) -> pd.DataFrame:
        """Right tests of clips by group."""
        return self.right.groupby(level="group").sum()

    @cached_property
    def song_sums(self) -> pd.DataFrame:
        """Right tests of songs by group."""
        return self.songs.groupby(level="group").sum()

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """Tests of clips in each draw."""
        return totals(self.draws, self.right.groupby(level="group").size())

    def over_folds(self, differences: pd.Series) -> Effect:
        """Effect of differences of each fold, with the mean sizes of folds."""
        return over_folds(differences, self.folds["n_train"].mean(), self.folds["n_test"].mean())


def compare(view: View, model: str, reference: str) -> dict[str, float]:
    """Compare two models on the same tests.

    Parameters
    ----------
    view : View
    model, reference : str

    Returns
    -------
    dict of str to float
        Effect over folds, or, of a single fold, over groups, with p of either kind: that by groups
        flips the signs of how many more tests of its songs are right. Models that predict the same
        genre in every test have no p.
    """
    effect = view.over_folds(view.accuracies[model] - view.accuracies[reference])
    p_groups = sign_flip_test(view.song_sums[model] - view.song_sums[reference])
    if len(view.accuracies) == 1:
        differences = totals(view.draws, view.sums[model] - view.sums[reference])
        effect = over_groups(effect.difference, differences / view.sizes)
    if view.predicted[model].equals(view.predicted[reference]):
        effect, p_groups = effect._replace(p_folds=np.nan), np.nan
    return {**effect._asdict(), "p_groups": p_groups}


def with_best(view: View, model: str, references: Sequence[str]) -> dict[str, Any]:
    """Compare a model with the best of several, and test it against each of them.

    Parameters
    ----------
    view : View
    model : str
    references : sequence of str

    Returns
    -------
    dict
        ``reference``: the one of the highest mean accuracy; effect as in `compare`; each p is the
        largest of those against all references, NaN where there is none against one of them.
    """
    found = {reference: compare(view, model, reference) for reference in references}
    best = str(view.accuracies[list(references)].mean().idxmax())
    largest = {test: float(np.max([each[test] for each in found.values()])) for test in TESTS}
    return {"reference": best, **found[best], **largest}


def between(clean: View, other: View, models: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Compare models under one protocol with themselves under another.

    Parameters
    ----------
    clean, other : View
        At the same aggregation.
    models : sequence of str

    Yields
    ------
    dict
        Effect over groups: songs that are tied under either protocol are of one. The songs of both
        count, each by the share of its tests that are right. None where there are no such songs.
    """
    tests = [view.songs.groupby(level="song") for view in (clean, other)]
    first, second = (each.mean()[list(models)] for each in tests)
    songs = first.index.intersection(second.index)
    if songs.empty:
        return
    differences = first.loc[songs] - second.loc[songs]
    groups = differences.groupby(_tied(clean, other, songs))
    draws = draw_groups(groups.ngroups)
    replicates = totals(draws, groups.sum()) / totals(draws, groups.size())[:, None]
    # In this unit shares of a song's tests are whole numbers.
    numbers = {int(n) for each in tests for n in each.size().loc[songs].unique()}
    units = (groups.sum() * min(math.lcm(*numbers), MOST_SHARES)).round()
    for number, model in enumerate(models):
        effect = over_groups(float(differences[model].mean()), replicates[:, number])
        yield {"model": model, **effect._asdict(), "p_groups": sign_flip_test(units[model])}


def _tied(first: View, second: View, songs: pd.Index) -> NDArray[np.int32]:
    """Number of each song's group, where those of either protocol are kept together."""
    ends, offset = [], 0
    for view in (first, second):
        table = view.songs.index.to_frame(index=False).drop_duplicates("song").set_index("song")
        codes, names = pd.factorize(table["group"].loc[songs])
        ends.append(codes + offset)
        offset += len(names)
    graph = sparse.coo_array((np.ones(len(songs)), ends), shape=(offset, offset))
    return connected_components(graph, directed=False)[1][ends[0]]


def asked(experiment: Experiment, aggregation: str) -> Iterator[tuple[str, str, list[str]]]:
    """Questions messages, baseline and variant about the models of an experiment.

    Yields
    ------
    question, model : str
    references : list of str
        What the model is compared with, or with the best of.
    """
    networks = experiment.networks()
    for name, network in networks.items():
        if network.ablation:
            yield "messages", name, [network.ablation]
    silent = [name for name, network in networks.items() if not network.settings.messages]
    alone = [name for name in experiment.models if name in (*CLASSIFIERS, *COMBINED)]
    if experiment.graph.among == "all" or aggregation == "artist":
        for name in model_names(experiment):
            if name in (*NETWORKS, *SPREADING) and name not in silent:
                yield "baseline", name, [*alone, *silent]
    for name in experiment.variants:
        yield "variant", name, [networks[name].kind]


def of_experiment(
    views: Mapping[str, Mapping[str, View]], name: str, experiment: Experiment, paper: float | None
) -> pd.DataFrame:
    """All comparisons of an experiment.

    Parameters
    ----------
    views : mapping of str to mapping of str to View
        By protocol and aggregation.
    name : str
    experiment : Experiment
    paper : float or None
        The paper's accuracy.

    Returns
    -------
    pd.DataFrame
        `RAW`: p as they are.
    """
    rows = []
    for protocol, by_aggregation in views.items():
        for aggregation, view in by_aggregation.items():
            found = [
                {"question": question, "model": model, **with_best(view, model, references)}
                for question, model, references in asked(experiment, aggregation)
            ]
            if protocol == "clean":
                found += _with_others(views, aggregation, model_names(experiment))
            if protocol == "paper" and aggregation == "none" and paper is not None:
                effect = view.over_folds(view.accuracies["graphsage"] - paper)
                about = {"model": "graphsage", "reference": "paper", "question": "paper"}
                found.append({**about, **effect._asdict()})
            place = {"experiment": name, "protocol": protocol, "aggregation": aggregation}
            rows += [{**place, **row} for row in found]
    return pd.DataFrame(rows, columns=RAW)


def _with_others(
    views: Mapping[str, Mapping[str, View]], aggregation: str, models: Sequence[str]
) -> list[dict[str, Any]]:
    clean = views["clean"][aggregation]
    return [
        {"reference": other, "question": "protocol", **row}
        for other in OTHERS
        if aggregation in views.get(other, {})
        for row in between(clean, views[other][aggregation], models)
    ]


def adjusted(raw: pd.DataFrame) -> pd.DataFrame:
    """Comparisons of all experiments, each p adjusted for its family: question and protocol.

    Parameters
    ----------
    raw : pd.DataFrame
        Tables of `of_experiment`, one below the other.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`. ``n_tests``: comparisons of the family that were tested, by folds or by groups.
    """
    table = raw.reindex(columns=COLUMNS)
    for _, family in raw.groupby(FAMILY):
        for test in TESTS:
            table.loc[family.index, f"{test}_holm"] = holm(family[test])
        table.loc[family.index, "n_tests"] = family[TESTS].notna().any(axis=1).sum()
    return table.astype({"n_tests": "Int64"})
