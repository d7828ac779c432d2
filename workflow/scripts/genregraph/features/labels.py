"""Columns of a table that say which clip a row is of, or what its genre is, not how it sounds."""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

THINGS = "label|genre|class|category|target|split|fold|artist|album|group|track|song|clip|row|y"
NUMBERED = "id|ids|index|idx|no|nr|num|number|code|codes|encoded|enc|name|label"
LABEL = re.compile(
    rf"(true_|encoded_)?({THINGS})(s|es)?(_?({NUMBERED}))?|id|ids|index|idx|level_0|unnamed.*"
)
FEWEST = 10  # Rows; fewer are numbered by chance too easily.


def is_named_like_a_label(name: str) -> bool:
    """Whether a column's name says that it is a label, a part or a number of the clip."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return LABEL.fullmatch(re.sub(r"[\s.-]+", "_", snake).lower()) is not None


def label_like(table: pd.DataFrame, clips: pd.DataFrame) -> dict[str, str]:
    """Columns of a table, in the order of its file, that are no features, and why.

    ``clips`` has columns ``clip genre split``; ``split`` is empty where none is published.
    """
    stated = clips.set_index("clip")[["genre", "split"]].reindex(table["clip"])
    values = table.drop(columns="clip")
    columns: dict[str, Iterable[str]] = {
        "it is the same for all clips of a part of the split": _functions(values, stated["split"]),
        "it is the same for all clips of a genre": _functions(values, stated["genre"]),
        "it numbers the rows": [c for c in values.columns if numbers_rows(values[c].to_numpy())],
        "its name says so": filter(is_named_like_a_label, values.columns),
    }
    return {name: why for why, names in columns.items() for name in names}


def _functions(values: pd.DataFrame, names: pd.Series) -> list[str]:
    """Columns that are constant wherever a name is, and not constant."""
    stated = (names.notna() & (names != "")).to_numpy()
    known = values[stated].groupby(names[stated].to_numpy())
    least, most = known.min(), known.max()
    # Where each name has but one clip, every column is the same for all of its clips.
    repeated = known.count().max() > 1
    same = ((least == most) | least.isna()).all() & (least.min() < least.max()) & repeated
    return same.index[same].tolist()


def numbers_rows(values: NDArray[np.float64]) -> bool:
    """Whether numbers of at least `FEWEST` rows, in their order, are those of the rows.

    They go up or down in equal steps; or are integers, each used once, that go up or down, or
    fill their range but for a tenth.
    """
    if len(values) < FEWEST or not np.isfinite(values).all():
        return False
    steps = np.diff(values)
    if steps[0] and np.allclose(steps, steps[0], rtol=1e-3, atol=0):
        return True
    if (values != np.rint(values)).any() or len(np.unique(values)) < len(values):
        return False
    filled = len(values) >= 0.9 * (np.ptp(values) + 1)
    return bool(filled or (steps > 0).all() or (steps < 0).all())
