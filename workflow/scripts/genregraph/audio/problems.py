"""The list of problems: clips that were rejected or repaired, and what was left out of tables."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from genregraph.datasets.spreadsheet import write_csv

PROBLEM_COLUMNS = ["clip", "path", "problem", "what_was_done"]
NO_FEATURES = "no audio and no features"
NOT_IN_TABLE = "rejected: no experiment with this table has it"


def of_whole_tables(problems: pd.DataFrame) -> list[str]:
    """Problems that clips of a table have in common, as `write_problems` wrote them."""
    common = problems["clip"].isna() & (problems["what_was_done"] == NOT_IN_TABLE)
    return problems.loc[common, "problem"].tolist()


def write_problems(problems: Iterable[tuple[str, str, str]], output: Path) -> None:
    """Write clips (empty for all), their problems and what was done in `PROBLEM_COLUMNS` (CSV)."""
    rows = [[clip, "", problem, done] for clip, problem, done in problems]
    write_csv(pd.DataFrame(rows, columns=PROBLEM_COLUMNS), output)
