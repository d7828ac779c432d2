import logging
import os
from functools import partial

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor

from learning.every_fold import every_fold, remembered
from settings.errors import UserError

PATHS = ["b.npz", "a.npz", "c.npz"]


def told(path, fold, refused=None):
    logging.getLogger("learning").info("fold %d of %s", fold, path)
    if fold == refused:
        raise UserError(f"{path}: no clip trains")
    return path, fold, os.getpid()


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_fold_is_learnt_by_its_number_in_the_order_given(jobs):
    found = every_fold(told, PATHS, jobs)
    assert [each[:2] for each in found] == [("b.npz", 0), ("a.npz", 1), ("c.npz", 2)]
    here = {process == os.getpid() for *_, process in found}
    assert here == {jobs == 1}


def test_a_card_is_not_shared():
    assert {process for *_, process in every_fold(told, PATHS, 2, "cuda")} == {os.getpid()}


def test_what_a_fold_side_by_side_logs_and_refuses_is_told(capfd):
    get_reusable_executor().shutdown()  # Processes that were started before write elsewhere.
    with pytest.raises(UserError, match=r"a\.npz: no clip trains"):
        every_fold(partial(told, refused=1), PATHS, jobs=2)
    assert "learning: fold 1 of a.npz" in capfd.readouterr().err


def test_the_last_result_is_remembered_by_the_contents_of_its_arguments():
    called = []
    add = remembered(lambda x, y=0: called.append(len(called)) or x + y)
    for _ in range(2):
        assert add(np.arange(3), y=1).tolist() == [1, 2, 3]
    assert len(called) == 1
    assert add(np.arange(3), y=2).tolist() == [2, 3, 4]
    assert add(np.arange(4), y=2).tolist() == [2, 3, 4, 5]
    assert add(np.arange(3), y=1).tolist() == [1, 2, 3]
    assert len(called) == 4
