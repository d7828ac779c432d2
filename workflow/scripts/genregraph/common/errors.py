"""Errors that the user can mend."""


class UserError(Exception):
    """Something the user can mend: the message says what is wrong, where, and what to do."""
