import logging
import os
from functools import partial

import pytest
from joblib.externals.loky import get_reusable_executor

from genregraph.common.errors import UserError
from genregraph.common.every_fold import every_fold


def fitted(fold, failing=None):
    logging.getLogger("models").info("fold %d", fold)
    if fold == failing:
        raise UserError(f"fold {fold}: no clip trains")
    return fold, os.getpid()


@pytest.mark.parametrize(("jobs", "device"), [(1, "cpu"), (2, "cpu"), (2, "cuda")])
def test_results_are_in_the_order_of_the_folds_which_share_no_card(jobs, device):
    results = every_fold(fitted, 3, jobs, device)
    assert [fold for fold, _ in results] == [0, 1, 2]
    is_alone = jobs == 1 or device == "cuda"
    assert {process == os.getpid() for _, process in results} == {is_alone}


def test_logs_and_errors_of_other_processes_arrive(capfd):
    get_reusable_executor().shutdown()  # Processes that were started before write elsewhere.
    with pytest.raises(UserError, match="fold 1: no clip trains"):
        every_fold(partial(fitted, failing=1), 2, jobs=2)
    assert "models: fold 1" in capfd.readouterr().err
