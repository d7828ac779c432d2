"""The list of problems: clips that were refused or repaired, and what was left out of tables."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

PROBLEM_COLUMNS = ["clip", "path", "problem", "what_was_done"]
NO_FEATURES = "no audio and no features"
NOT_IN_TABLE = "refused: no experiment with this table has it"


def write_problems(problems: Iterable[tuple[str, str, str]], output: Path) -> None:
    """Write what a table lacks in `PROBLEM_COLUMNS`, as CSV.

    Parameters
    ----------
    problems : iterable of (str, str, str)
        Clip (empty where it is not of one clip), problem, and what was done.
    output : Path
    """
    rows = [[clip, "", problem, done] for clip, problem, done in problems]
    pd.DataFrame(rows, columns=PROBLEM_COLUMNS).to_csv(output, index=False)
