"""Protocols: which clips each takes, how it splits them, and which clips may be fitted to.

Protocol ``paper`` follows the digits of the paper. Its accuracy 0.7203030303030303 is 2377 / 3300,
and that fraction is irreducible: the mean over ten test parts of 330 of the 1,000 clips ("10 times
cross validation" [1]_). Ten folds of 100 clips, as of ``kfold``, can only give multiples of .001.

References
----------
.. [1] Feng & Chen, "Graph Neural Networks for Music Genre Recognition", section "Cross Validation":
   protocol ``paper``.
.. [2] A. Flexer, "A closer look on artist filters for musical genre classification", ISMIR 2007:
   protocol ``clean``.
.. [3] C. Kereliuk, B. L. Sturm, J. Larsen, "Deep Learning and Music Adversaries", IEEE Transactions
   on Multimedia 17, 2015: the split of GTZAN that protocol ``filtered`` takes from its sheet.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from genregraph.config.experiment import Experiment

UNKNOWN_LEFT_OUT = "its artist is unknown"
BY_GROUP = ("clean", "inductive")  # No fold separates clips of a group.
STRICTEST_FIRST = ("inductive", "clean", "filtered", "random", "kfold", "paper")


def fitted_on(protocol: str) -> str:
    """Clips that scaling, selection and reduction are fitted to: ``all``, or ``train``."""
    return "all" if protocol in ("paper", "kfold") else "train"


def keeps_apart(protocol: str) -> bool:
    """Whether splits inside the training clips do not separate groups, as the protocol's folds."""
    return protocol in (*BY_GROUP, "filtered")  # The published one keeps nearly all artists apart.


def neighbours(protocol: str) -> str:
    """Clips that may be neighbours: ``all`` of a fold, or ``train``."""
    return "train" if protocol == "inductive" else "all"


def strictest(protocols: Iterable[str]) -> str:
    """The strictest of some protocols, which a report shows where an experiment has several."""
    return min(protocols, key=STRICTEST_FIRST.index)


class Clip(NamedTuple):
    """What decides how a clip is split."""

    genre: str
    group: str
    split: str  # Its part of the published split; may be empty.
    excluded: str  # Why it should not be evaluated; may be empty.


class Evaluation(NamedTuple):
    """Folds, or hold-outs, in each repeat of a protocol, and repeats."""

    folds: int
    repeats: int


class LeftOut(Exception):
    """A protocol under which an experiment cannot be evaluated; the message says why."""


def takes(protocol: str, split: str, excluded: str) -> bool:
    """Whether a protocol takes a clip; random, the control of clean, leaves out what that does."""
    if protocol == "filtered":
        return split in ("train", "test")
    return not excluded or protocol in ("paper", "kfold")


def evaluation(protocol: str, clips: Sequence[Clip], experiment: Experiment) -> Evaluation:
    """How a protocol can evaluate clips, all that an experiment can use; raise `LeftOut` if not."""
    folds, clean = experiment.folds, experiment.clean
    taken = [clip for clip in clips if takes(protocol, clip.split, clip.excluded)]
    asked = sorted({clip.genre for clip in clips})
    genres = Counter(clip.genre for clip in taken)
    parts = {(clip.genre, clip.split) for clip in taken}
    lacking = [genre for genre in asked if not {(genre, "train"), (genre, "test")} <= parts]
    if protocol == "filtered" and lacking:
        raise LeftOut(f"the sheet has no published split of {', '.join(lacking)}")
    if len(genres) < 2:
        raise LeftOut(f"{len(taken)} clips of {len(genres)} genre(s): at least 2 genres are needed")
    if protocol == "filtered":
        return Evaluation(1, 1)
    if protocol == "paper":
        if max(genres.values()) < 2:
            raise LeftOut("no genre has two clips, one to train on and one to test")
        return Evaluation(folds.n, folds.repeats)
    if protocol == "kfold":
        return Evaluation(max(2, min(folds.n, *genres.values())), folds.repeats)
    groups = Counter(genre for genre, _ in {(clip.genre, clip.group) for clip in taken})
    single = [genre for genre in asked if groups[genre] < 2]
    if protocol in BY_GROUP and single:
        raise LeftOut(f"genres of a single group cannot be evaluated: {', '.join(single)}")
    # The control has as many folds as clean.
    return Evaluation(max(2, min(clean.folds, *groups.values())), clean.repeats)


def evaluations(
    experiment: Experiment, clips: Sequence[Clip]
) -> tuple[dict[str, Evaluation], dict[str, str]]:
    """Evaluations and reasons of what is left out, by protocol, in the experiment's order."""
    return attempted(experiment.protocols, lambda name: evaluation(name, clips, experiment))


def attempted(
    protocols: Iterable[str], evaluate: Callable[[str], Evaluation]
) -> tuple[dict[str, Evaluation], dict[str, str]]:
    """Evaluations that a function gives, and reasons for which it raises `LeftOut`, by protocol."""
    possible, left_out = dict[str, Evaluation](), dict[str, str]()
    for protocol in protocols:
        try:
            possible[protocol] = evaluate(protocol)
        except LeftOut as reason:
            left_out[protocol] = str(reason)
    return possible, left_out
