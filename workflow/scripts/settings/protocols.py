"""Protocols: which clips each takes, how it deals them, and what it fits on what.

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

from settings.model import Clean, Folds

# What scaling, selection and reduction of a fold are fitted to, and whose neighbours a clip's are.
FITTED_ON = {"paper": "all"}
NEIGHBOURS = {"inductive": "train"}
# Whose folds keep groups whole, and which clips of the sheet they leave out; random is clean's
# control, and takes the same clips.
BY_GROUP = ("clean", "inductive")
AS_CLEAN = ("random", *BY_GROUP)


def fitted_on(protocol: str) -> str:
    """Clips that scaling, selection and reduction are fitted to: all of a fold, or train."""
    return FITTED_ON.get(protocol, "train")


def keeps_apart(protocol: str) -> bool:
    """Whether what is held out inside training clips is held out by groups, as its test clips are.

    The published split keeps artists apart but for a few.
    """
    return protocol in (*BY_GROUP, "filtered")


def neighbours(protocol: str) -> str:
    """Clips that may be neighbours: all of a fold, or train."""
    return NEIGHBOURS.get(protocol, "all")


class Clip(NamedTuple):
    """What decides how a clip is dealt.

    Attributes
    ----------
    genre, group : str
    split : str
        Its part of the published split; may be empty.
    excluded : str
        Why it should not be judged; empty: it should.
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
        Folds in a repeat, and repeats.
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
    """Whether a protocol takes a clip: ``paper`` takes all, ``filtered`` a published part."""
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
        What is asked for: of protocol paper, and of random, clean and inductive.

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
        return _dealt(folds.n, folds.repeats, min(genres.values()), len(taken))
    groups = {genre: {clip.group for clip in taken if clip.genre == genre} for genre in asked}
    single = [genre for genre, names in groups.items() if len(names) < 2]
    if protocol in BY_GROUP and single:
        raise LeftOut(f"genres of a single group cannot be judged: {', '.join(single)}")
    # The control is dealt into as many folds as clean.
    fewest = min(max(2, len(names)) for names in groups.values())
    return _dealt(clean.folds, clean.repeats, fewest, len(taken))


def _dealt(folds: int, repeats: int, most: int, clips: int) -> Evaluation:
    if clips < 2:
        raise LeftOut(f"{clips} clip(s) cannot make folds")
    return Evaluation(max(2, min(folds, most)), repeats)
