"""Tables for spreadsheets, in which no name must act as a formula (OWASP, "CSV Injection").

Among them the list of problems: clips that were rejected or repaired, and what tables left out.
"""

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

FORMULA = re.compile(r"'*[=+\-@\t\r]")
PROBLEM_COLUMNS = ["clip", "path", "problem", "what_was_done"]
NO_FEATURES = "no audio and no features"
NOT_IN_TABLE = "rejected: no experiment with this table has it"


def guarded(value: Any) -> Any:
    """A cell that no spreadsheet computes: a text that would begin a formula, after a ``'``."""
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def unguarded(value: Any) -> Any:
    """What `guarded` made a cell of."""
    is_guarded = isinstance(value, str) and value.startswith("'") and FORMULA.match(value)
    return value[1:] if is_guarded else value


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table with its texts guarded, and without its index."""
    safe = table.map(guarded)
    # Left to itself, csv does not quote a carriage return, and reads it as the end of a line.
    broken = safe.map(lambda value: isinstance(value, str) and "\r" in value).any(axis=None)
    safe.to_csv(path, index=False, quoting=csv.QUOTE_ALL if broken else csv.QUOTE_MINIMAL)


def read_csv(path: Path) -> pd.DataFrame:
    """Read what `write_csv` wrote: texts as they were, none of them missing."""
    return pd.read_csv(path, keep_default_na=False, dtype=str).map(unguarded)


def of_whole_tables(problems: pd.DataFrame) -> list[str]:
    """Problems that clips of a table have in common, as `write_problems` wrote them."""
    common = problems["clip"].isna() & (problems["what_was_done"] == NOT_IN_TABLE)
    return problems.loc[common, "problem"].tolist()


def write_problems(problems: Iterable[tuple[str, str, str]], output: Path) -> None:
    """Write clips (empty for all), their problems and what was done in `PROBLEM_COLUMNS` (CSV)."""
    rows = [[clip, "", problem, done] for clip, problem, done in problems]
    write_csv(pd.DataFrame(rows, columns=PROBLEM_COLUMNS), output)
