import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tests.predict.conftest import SEED, drawn, fold_of, learnt, new_features, small

from genregraph.common.errors import UserError
from genregraph.models.fit import fit_fold
from genregraph.models.temperature import scaled
from genregraph.predict.predictor import Predictor, predict
from genregraph.preprocessing.prepare import reduce, scale


@pytest.mark.parametrize(
    ("model", "changed"),
    [
        ("graphsage", {"graphsage": {"normalise": True}}),
        ("graphsage", {"scale": "minmax", "graph": {"metric": "ruzicka"}}),
        ("graphsage", {"graphsage": {"layers": 3, "epochs": 5}, "reduce": {"to": 2}}),
        ("graphsage", {"scale": "none", "reduce": {"to": 3}, "graph": {"k": 100}}),
        ("graphsage", {"search": True, "graphsage": {"epochs": 5}}),
        ("edgeless", {}),
        ("gcn", {"models": ["gcn"], "graphsage": {"epochs": 5, "k": 3}}),
        ("gat_edgeless", {"models": ["gat"], "graphsage": {"epochs": 5}}),
        *((name, {}) for name in ("logistic", "lda", "svm", "blend", "selected")),
    ],
)
def test_a_model_predicts_new_clips_as_protocol_inductive_does(model, changed) -> None:
    old, new, experiment = drawn(61), drawn(12, seed=1), small(**changed)
    predictor = learnt(old, model, **changed)
    prediction = predict(predictor, new.drop(columns="genre").to_numpy())
    # By the protocol's own code; new clips are its test clips.
    clips = pd.concat([old, new])
    known = np.arange(len(clips)) < len(old)
    x = scale(clips.drop(columns="genre").to_numpy(), known, experiment.scale)
    x = reduce(x, known, "pca", experiment.reduce.to, SEED) if experiment.reduce else x
    fit = dict(fit_fold(fold_of(x, clips["genre"], known, experiment), experiment))[model]
    expected = scaled(fit.probabilities[~known], predictor.temperature)
    assert_allclose(prediction.probabilities, expected, atol=5e-6)
    assert_allclose(prediction.probabilities.sum(axis=1), 1)
    assert (np.diff(prediction.distances, axis=1) >= 0).all()


@pytest.mark.parametrize("model", ["graphsage", "blend"])
def test_prediction_of_a_new_clip_does_not_depend_on_others_to_the_last_bit(model) -> None:
    predictor = learnt(drawn(200, features=40), model, graph={"k": 20}, reduce={"to": 30})
    new = new_features(50, 40)
    together = predict(predictor, new)
    for i in (0, 7, 49):
        for alone, among in zip(predict(predictor, new[[i]]), together, strict=True):
            assert_array_equal(alone[0], among[i])


@pytest.mark.parametrize(("model", "reduction"), [("graphsage", {"to": 2}), ("blend", None)])
def test_predictor_is_read_back_and_no_other_file(tmp_path, model, reduction) -> None:
    predictor = learnt(drawn(61), model, reduce=reduction)
    predictor.save(tmp_path / "a")
    again = Predictor.load(tmp_path / "a")
    again.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    new = new_features(4)
    for before, after in zip(predict(predictor, new), predict(again, new), strict=True):
        assert_array_equal(before, after)
    assert again.threshold == predictor.threshold
    assert again.choice[:2] == predictor.choice[:2]
    for content in (b"", b"no predictor", b"\x02\0\0\0\0\0\0\0{}"):
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(UserError, match=r"is no predictor .*remove it"):
            Predictor.load(tmp_path / "a")


def test_nearest_of_a_training_clip_is_itself_and_counts_most() -> None:
    old = drawn(31)
    predictor = learnt(old, graphsage={"weights": "similarity", "epochs": 5})
    prediction = predict(predictor, old.drop(columns="genre").to_numpy())
    assert prediction.neighbours[:, 0].tolist() == list(range(31))
    assert_array_equal(prediction.distances[:, 0], 0)
    shares = prediction.shares
    assert ((shares >= 0) & (shares.sum(axis=1, keepdims=True) < 1)).all()
    assert_array_equal(shares.max(axis=1), shares[:, 0])
