"""Errors that the user can mend, and how they list what is concerned."""

import difflib
from collections.abc import Sequence


class UserError(Exception):
    """Something the user can mend: the message says what is wrong, where, and what to do."""


def first_few(texts: Sequence[str], most: int = 5) -> str:
    """Texts in a line: the first, and how many more there are."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def nearest(name: str, known: Sequence[str], otherwise: str = "known") -> str:
    """A hint for who wrote an unknown name: the known one that is nearest, or else all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"{otherwise}: {', '.join(known)}"
