"""Protocols: which clips each takes, how it splits them, and what it fits on what.

Protocol ``paper`` is what the digits of the paper say it did. Its accuracy 0.7203030303030303 is
2377 / 3300, and that fraction is irreducible: the mean over ten test parts of 330 of the 1,000
clips ("10 times cross validation" [1]_). Ten folds of 100 clips can only give multiples of .001.
Protocol ``kfold`` has folds instead of hold-outs, and is otherwise the same.

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
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from genregraph.config.model import Clean, Experiment, Folds

UNKNOWN_LEFT_OUT = "its artist is unknown"
TEST_SHARE = 0.33  # Of the clips, in a hold-out of protocol paper.
FITTED_ON_ALL = ("paper", "kfold")
# Their folds keep groups whole.
BY_GROUP = ("clean", "inductive")
# They leave out the clips that the sheet excludes. Protocol random is the control of clean.
AS_CLEAN = ("random", *BY_GROUP)


def fitted_on(protocol: str) -> str:
    """Clips that scaling, selection and reduction are fitted to: ``all``, or ``train``."""
    return "all" if protocol in FITTED_ON_ALL else "train"


def keeps_apart(protocol: str) -> bool:
    """Whether groups are held out whole inside the training clips, as the protocol's folds do.

    The published split keeps nearly all artists apart.
    """
    return protocol in (*BY_GROUP, "filtered")


def neighbours(protocol: str) -> str:
    """Clips that may be neighbours: ``all`` of a fold, or ``train``."""
    return "train" if protocol == "inductive" else "all"


class Clip(NamedTuple):
    """What decides how a clip is split.

    Attributes
    ----------
    genre, group : str
    split : str
        Its part of the published split; may be empty.
    excluded : str
        Why it should not be evaluated; may be empty.
    """

    genre: str
    group: str
    split: str
    excluded: str


@dataclass(frozen=True)
class Evaluation:
    """How an experiment is evaluated under a protocol.

    Attributes
    ----------
    folds, repeats : int
        Folds, or hold-outs, in a repeat, and repeats.
    """

    folds: int
    repeats: int

    @property
    def numbers(self) -> list[str]:
        """Numbers of all folds, on over the repeats: ``["00", "01", ...]``."""
        return [f"{number:02d}" for number in range(self.folds * self.repeats)]


class LeftOut(Exception):
    """A protocol under which an experiment cannot be evaluated; the message says why."""


def takes(protocol: str, split: str, excluded: str) -> bool:
    """Whether a protocol takes a clip: filtered those of a published part, paper and kfold all."""
    if protocol == "filtered":
        return split in ("train", "test")
    return not (excluded and protocol in AS_CLEAN)


def evaluation(protocol: str, clips: Sequence[Clip], folds: Folds, clean: Clean) -> Evaluation:
    """How a protocol can evaluate some clips.

    Parameters
    ----------
    protocol : str
    clips : sequence of Clip
        All that an experiment can use; those that the protocol does not take are left out here.
    folds, clean : Folds, Clean
        What is asked for: of protocols paper and kfold, and of random, clean and inductive.

    Raises
    ------
    LeftOut
        If the protocol cannot evaluate them.
    """
    taken = [clip for clip in clips if takes(protocol, clip.split, clip.excluded)]
    asked = sorted({clip.genre for clip in clips})
    genres = Counter(clip.genre for clip in taken)
    if protocol == "filtered":
        parts = {(clip.genre, clip.split) for clip in taken}
        lacking = [genre for genre in asked if not {(genre, "train"), (genre, "test")} <= parts]
        if lacking:
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
        return _at_most(min(genres.values()), folds.n, folds.repeats)
    groups = {genre: {clip.group for clip in taken if clip.genre == genre} for genre in asked}
    single = [genre for genre, names in groups.items() if len(names) < 2]
    if protocol in BY_GROUP and single:
        raise LeftOut(f"genres of a single group cannot be evaluated: {', '.join(single)}")
    # The control has as many folds as clean.
    fewest = min(max(2, len(names)) for names in groups.values())
    return _at_most(fewest, clean.folds, clean.repeats)


def _at_most(most: int, folds: int, repeats: int) -> Evaluation:
    return Evaluation(max(2, min(folds, most)), repeats)


def evaluations(
    experiment: Experiment, clips: Sequence[Clip]
) -> tuple[dict[str, Evaluation], dict[str, str]]:
    """Protocols of an experiment that some clips allow, and why the others are left out.

    Parameters
    ----------
    experiment : Experiment
    clips : sequence of Clip
        Those of the experiment, by the sheet or by what became of them.

    Returns
    -------
    evaluations : dict of str to Evaluation
        By protocol, in the order of the configuration.
    left_out : dict of str to str
        Reasons, by protocol.
    """
    found: dict[str, Evaluation] = {}
    left_out: dict[str, str] = {}
    for protocol in experiment.protocols:
        try:
            found[protocol] = evaluation(protocol, clips, experiment.folds, experiment.clean)
        except LeftOut as reason:
            left_out[protocol] = str(reason)
    return found, left_out
