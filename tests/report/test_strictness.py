import pytest

from genregraph.config.experiment import Experiment
from genregraph.folds.protocols import AS_CLEAN
from genregraph.report.strictness import PROTOCOLS, strictest


@pytest.mark.parametrize(
    "protocols, expected",
    [
        (["paper"], "paper"),
        (["paper", "random"], "random"),
        (["paper", "random", "filtered"], "filtered"),
        ({"clean": 1, "filtered": 2}, "clean"),
        (["paper", "kfold"], "kfold"),
        ([*AS_CLEAN, "paper"], "inductive"),
    ],
)
def test_the_strictest_is_taken(protocols, expected):
    assert strictest(protocols) == expected


def test_every_protocol_that_can_be_asked_for_is_known():
    asked = Experiment.model_json_schema()["properties"]["protocols"]["items"]["enum"]
    assert set(asked) == set(PROTOCOLS)
