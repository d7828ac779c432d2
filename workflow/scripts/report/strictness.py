"""Which protocol a report goes by, where an experiment has several."""

from collections.abc import Iterable

# The strictest first, with what it asks.
PROTOCOLS = {
    "clean": "artists, songs and copies kept on one side of each fold",
    "inductive": "artists kept apart, and test clips joining the graph one by one after training",
    "filtered": "the published split of the sheet",
    "random": "the clips of clean, dealt at random",
    "paper": "random folds, and everything fitted on all clips",
}


def strictest(protocols: Iterable[str]) -> str:
    """The strictest of some protocols.

    Examples
    --------
    >>> strictest(["paper", "random", "clean"])
    'clean'
    """
    return min(protocols, key=list(PROTOCOLS).index)
