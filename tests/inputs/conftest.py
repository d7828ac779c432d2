"""Folds of two repeats, as `folds.assign` lists them."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from folds.table import listed


@pytest.fixture(scope="session")
def folds_of() -> Callable[..., pd.DataFrame]:
    """Folds of some clips, of the fold of each clip in each repeat."""

    def make(
        clips: Sequence[str],
        genres: Sequence[str],
        *repeats: Sequence[int],
        groups: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        named = pd.DataFrame({"clip": clips, "genre": genres, "group": clips, "artist": clips})
        if groups is not None:
            named = named.assign(group=groups, artist=[f"artist {name}" for name in groups])
        rows = [
            listed(named, np.asarray(fold) == np.arange(max(fold) + 1)[:, None], repeat)
            for repeat, fold in enumerate(repeats)
        ]
        return pd.concat(rows, ignore_index=True)

    return make
