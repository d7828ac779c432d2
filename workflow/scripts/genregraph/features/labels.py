"""Columns of a table that tell which clip a row is of, or what the answer is, not how it sounds."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

THINGS = "label|genre|class|category|target|split|fold|artist|album|group|track|song|clip|row|y"
NUMBERED = "id|ids|index|idx|no|nr|num|number|code|codes|encoded|enc|name|label"
LABEL = re.compile(
    rf"(true_|encoded_)?({THINGS})(s|es)?(_?({NUMBERED}))?|id|ids|index|idx|level_0|unnamed.*"
)
FEWEST = 10  # Rows; fewer are numbered by chance too easily.
FILLED = 0.9  # Share of the whole numbers between the least and the most that are used.


def is_named_like_a_label(name: str) -> bool:
    """Whether a column's name says that it is a label, a part or a number of the clip.

    Examples
    --------
    >>> [is_named_like_a_label(name) for name in ("genreId", "y", "Class Label", "index")]
    [True, True, True, True]
    >>> [is_named_like_a_label(name) for name in ("tempo", "0", "mfcc1_mean", "yin")]
    [False, False, False, False]
    """
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return LABEL.fullmatch(re.sub(r"[\s.-]+", "_", snake).lower()) is not None


def label_like(table: pd.DataFrame, clips: pd.DataFrame) -> dict[str, str]:
    """Columns that are no features, and why.

    Parameters
    ----------
    table : pd.DataFrame
        First column ``clip``, then float columns; rows in the order of their file.
    clips : pd.DataFrame
        Columns ``clip genre split`` of the dataset; ``split`` is empty where none is published.

    Returns
    -------
    dict of str to str
        Reasons by column: it is named like a label; it is the same for all clips of a genre (or of
        a part of the split), though not for all; or it numbers the rows.
    """
    stated = clips.set_index("clip")[["genre", "split"]].reindex(table["clip"])
    values = table.drop(columns="clip")
    functions = {
        "it is the same for all clips of a genre": _functions_of(values, stated["genre"]),
        "it is the same for all clips of a part of the split": _functions_of(
            values, stated["split"]
        ),
    }
    found = {}
    for name in values.columns:
        if is_named_like_a_label(name):
            found[name] = "its name says so"
        elif numbers_rows(values[name].to_numpy()):
            found[name] = "it numbers the rows"
        else:
            reason = next((why for why, columns in functions.items() if name in columns), None)
            found |= {name: reason} if reason else {}
    return found


def _functions_of(values: pd.DataFrame, names: pd.Series) -> set[str]:
    """Columns that are constant wherever a name is, and not constant."""
    stated = (names.notna() & (names != "")).to_numpy()
    known = values[stated].groupby(names[stated].to_numpy())
    least, most = known.min(), known.max()
    # Where each name has but one clip, every column is the same for all of its clips.
    repeated = known.count().max() > 1
    same = ((least == most) | least.isna()).all() & (least.min() < least.max()) & repeated
    return set(same.index[same])


def numbers_rows(values: NDArray[np.float64]) -> bool:
    """Whether numbers are those of rows.

    Parameters
    ----------
    values : NDArray[np.float64], shape (n,)
        In the order of the rows.

    Returns
    -------
    bool
        True if they go up or down in equal steps; or are whole numbers, each used once, that go up
        or down, or fill their range but for a tenth. Never of fewer than `FEWEST` rows.

    Examples
    --------
    >>> numbers_rows(np.arange(20.0)[::-1]), numbers_rows(np.arange(20.0) ** 0.5)
    (True, False)
    """
    if len(values) < FEWEST or not np.isfinite(values).all():
        return False
    steps = np.diff(values)
    if steps[0] and np.allclose(steps, steps[0], rtol=1e-3, atol=0):
        return True
    if (values != np.rint(values)).any() or len(np.unique(values)) < len(values):
        return False
    filled = len(values) >= FILLED * (np.ptp(values) + 1)
    return bool(filled or (steps > 0).all() or (steps < 0).all())
