import numpy as np
import pandas as pd
from numpy.testing import assert_array_equal

from genregraph.folds.table import COLUMNS, fold_keys, listed, training_masks, unique_clips

CLIPS = pd.DataFrame({name: list("abcd") for name in ("clip", "genre", "group", "artist")})
# Clip b is tested twice in the first repeat; c is never tested there.
TESTED = np.array([[[1, 1, 0, 0], [0, 1, 0, 1]], [[0, 0, 1, 0], [1, 0, 0, 0]]], dtype=bool)


def test_rows_are_clips_and_folds_that_test_them_and_all_others_train():
    rows = [listed(CLIPS, tested, repeat) for repeat, tested in enumerate(TESTED)]
    folds = pd.concat(rows, ignore_index=True)
    assert folds.columns.tolist() == COLUMNS
    assert folds[["clip", "repeat", "fold"]].to_numpy().tolist() == [
        *(["a", 0, 0], ["b", 0, 0], ["b", 0, 1], ["c", 0, -1], ["d", 0, 1]),
        *(["a", 1, 1], ["b", 1, -1], ["c", 1, 0], ["d", 1, -1]),
    ]
    assert fold_keys(folds) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    pd.testing.assert_frame_equal(unique_clips(folds), CLIPS)
    assert_array_equal(training_masks(folds), ~TESTED.reshape(4, 4))
