"""Comparisons of models on the same test clips, and of a model's accuracy under two protocols.

Each answers a question:

=========  =======================================================================================
messages   A network against its ablation, which differs only in that it gets no messages.
baseline   A graph model against the best of the models that use no other test clip. The best is
           chosen on the test clips, which favours it. So p is the largest of the p against each of
           them, which needs no adjustment for their number [1]_.
variant    A variant against the network that it varies.
protocol   A model under clean against itself under another protocol, on the songs of both.
paper      GraphSAGE under protocol paper against the paper's number.
=========  =======================================================================================

Models that use artist labels are compared only with each other: at each aggregation separately, and
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

from genregraph.config.experiment import Experiment
from genregraph.config.registry import CLASSIFIERS, COMBINED, NETWORKS, SPREADING
from genregraph.datasets.groups import tied
from genregraph.evaluation.outputs import model_names
from genregraph.evaluation.scores import KEY
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
RAW = [
    *"experiment protocol aggregation model reference question".split(),
    *"difference ci_low ci_high p_folds p_groups equivalent_within smallest_detectable".split(),
]
COLUMNS = [*RAW[:11], "p_folds_holm", "p_groups_holm", "n_tests", *RAW[11:]]
OTHERS = ("random", "paper", "kfold")  # Protocols that clean is compared with.
MOST_SHARES = 10**6  # The smallest unit of a share of tests is its inverse.


@dataclass(frozen=True)
class View:
    """Tests of a protocol's models at one aggregation.

    ``folds`` is the result table. ``clips`` and ``songs`` have ``model repeat fold clip group
    predicted right`` of each test of a clip, or of a song, whose name is then the clip; models have
    the same tests in the same order. ``draws``, shape (d, g), are in the order of group categories.
    """

    folds: pd.DataFrame
    clips: pd.DataFrame
    songs: pd.DataFrame
    draws: NDArray[np.uint8]

    @cached_property
    def accuracies(self) -> pd.DataFrame:
        """Test accuracy of each fold, a column a model."""
        return self.folds.pivot(index=KEY, columns="model", values="test_accuracy")

    @cached_property
    def right_songs(self) -> pd.DataFrame:
        """Right tests of songs, by group and model."""
        return self.songs.groupby(["group", "model"], observed=True)["right"].sum().unstack()

    def over_folds(self, differences: pd.Series) -> Effect:
        """Effect of differences of each fold, with the mean sizes of folds."""
        return over_folds(differences, self.folds["n_train"].mean(), self.folds["n_test"].mean())


def compare(view: View, model: str, reference: str) -> dict[str, float]:
    """Compare two models on the same tests, over folds, or, of a single fold, over groups.

    ``p_groups`` flips the signs of how many more tests of a group's songs are right. Models that
    predict the same genre in every test have no p.
    """
    differences = view.accuracies[model] - view.accuracies[reference]
    effect = view.over_folds(differences)
    p_groups = sign_flip_test(view.right_songs[model] - view.right_songs[reference])
    own, other = (view.clips[view.clips["model"] == name] for name in (model, reference))
    if len(differences) == 1:
        right, less = (each.groupby("group", observed=True)["right"] for each in (own, other))
        gains = totals(view.draws, right.sum() - less.sum())
        effect = over_groups(effect.difference, gains / totals(view.draws, right.size()))
    if np.array_equal(own["predicted"], other["predicted"]):
        effect, p_groups = Effect(0.0, 0.0, 0.0, equivalent_within=0.0), np.nan
    return {**effect._asdict(), "p_groups": p_groups}


def with_best(view: View, model: str, references: Sequence[str]) -> dict[str, Any]:
    """Compare a model with the ``reference`` of the highest mean accuracy.

    Each p is the largest of those against all references, NaN where there is none against one.
    """
    effects = {reference: compare(view, model, reference) for reference in references}
    best = str(view.accuracies[list(references)].mean().idxmax())
    largest = {test: float(np.max([each[test] for each in effects.values()])) for test in TESTS}
    return {"reference": best, **effects[best], **largest}


def between(clean: View, other: View, models: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Compare models under one protocol with themselves under another, at the same aggregation.

    Songs tested by both count, each by the share of its tests that are right; songs of a group
    under either protocol are of one group.
    """
    tests = [view.songs.groupby(["clip", "model"])["right"] for view in (clean, other)]
    first, second = (each.mean().unstack()[list(models)] for each in tests)
    songs = first.index.intersection(second.index)
    if songs.empty:
        return
    differences = first.loc[songs] - second.loc[songs]
    of_songs = (view.songs.drop_duplicates("clip").set_index("clip") for view in (clean, other))
    names = (each.loc[songs, "group"].astype(str) for each in of_songs)
    groups = differences.groupby(tied(zip(*names, strict=True)))
    draws = draw_groups(groups.ngroups)
    replicates = totals(draws, groups.sum()) / totals(draws, groups.size())[:, None]
    # In this unit shares of a song's tests are whole numbers.
    numbers = {int(n) for each in tests for n in each.size().unstack().loc[songs, models[0]]}
    units = (groups.sum() * min(math.lcm(*numbers), MOST_SHARES)).round()
    for model, of_model in zip(models, replicates.T, strict=True):
        effect = over_groups(float(differences[model].mean()), of_model)
        yield {"model": model, **effect._asdict(), "p_groups": sign_flip_test(units[model])}


def questions(experiment: Experiment, aggregation: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield question, model and references; the model is compared with the best of these."""
    networks = experiment.networks()
    for name, network in networks.items():
        if network.ablation:
            yield "messages", name, [network.ablation]
    without_messages = [name for name, network in networks.items() if not network.settings.messages]
    independent = [name for name in experiment.models if name in (*CLASSIFIERS, *COMBINED)]
    if experiment.graph.among == "all" or aggregation == "artist":
        for name in model_names(experiment):
            if name in (*NETWORKS, *SPREADING) and name not in without_messages:
                yield "baseline", name, [*independent, *without_messages]
    for name in experiment.variants:
        yield "variant", name, [networks[name].kind]


def of_experiment(
    views: Mapping[str, Mapping[str, View]], name: str, experiment: Experiment, paper: float | None
) -> pd.DataFrame:
    """All comparisons of an experiment (`RAW`), from views by protocol and aggregation."""
    rows: list[dict[str, Any]] = []
    for protocol, by_aggregation in views.items():
        for aggregation, view in by_aggregation.items():
            place = {"experiment": name, "protocol": protocol, "aggregation": aggregation}
            for question, model, references in questions(experiment, aggregation):
                effect = with_best(view, model, references)
                rows.append({**place, "question": question, "model": model, **effect})
            others = [each for each in OTHERS if aggregation in views.get(each, {})]
            for other in others if protocol == "clean" else []:
                about = {**place, "question": "protocol", "reference": other}
                effects = between(view, views[other][aggregation], model_names(experiment))
                rows += [{**about, **effect} for effect in effects]
            if protocol == "paper" and aggregation == "none" and paper is not None:
                about = {**place, "question": "paper", "model": "graphsage", "reference": "paper"}
                stated = view.over_folds(view.accuracies["graphsage"] - paper)
                rows.append({**about, **stated._asdict()})
    return pd.DataFrame(rows, columns=RAW)


def adjusted(raw: pd.DataFrame) -> pd.DataFrame:
    """Comparisons of all experiments (`COLUMNS`), each p adjusted by question and protocol."""
    table = raw.reindex(columns=COLUMNS)
    for _, family in raw.groupby(["question", "protocol"]):
        for test in TESTS:
            table.loc[family.index, f"{test}_holm"] = holm(family[test])
        table.loc[family.index, "n_tests"] = family[TESTS].notna().any(axis=1).sum()
    return table.astype({"n_tests": "Int64"})
