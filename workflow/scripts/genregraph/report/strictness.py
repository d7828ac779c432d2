"""Which protocol a report goes by, where an experiment has several."""

from collections.abc import Iterable

# The strictest first, with what it asks.
PROTOCOLS = {
    "inductive": "artists, songs and copies kept on one side of each fold; test clips join the "
    "graph after training",
    "clean": "artists, songs and copies kept on one side of each fold",
    "filtered": "the published split of the sheet",
    "random": "the clips of clean, split at random",
    "kfold": "stratified folds, everything fitted on all clips",
    "paper": "random hold-outs of 33 %, everything fitted on all clips",
}


def strictest(protocols: Iterable[str]) -> str:
    """The strictest of some protocols.

    Examples
    --------
    >>> strictest(["paper", "random", "clean"])
    'clean'
    """
    return min(protocols, key=list(PROTOCOLS).index)
