"""The list of problems: clips that were refused or repaired, and what was left out of tables."""

PROBLEM_COLUMNS = ["clip", "path", "problem", "what_was_done"]
