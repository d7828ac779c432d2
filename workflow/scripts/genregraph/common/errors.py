"""Errors that the user can mend, and how they list what is concerned."""

from collections.abc import Sequence


class UserError(Exception):
    """Something the user can mend: the message says what is wrong, where, and what to do."""


def first_few(texts: Sequence[str], most: int = 5) -> str:
    """Texts in a line: the first, and how many more there are."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more
