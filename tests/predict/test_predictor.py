from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tests.predict.conftest import SETTINGS, drawn

from graph.adjacency import adjacency
from inputs.inputs import Inputs
from inputs.prepare import reduce, scale
from learning.graphsage import train
from predict.predictor import Predictor, predict
from settings.errors import UserError


def of_protocol_inductive(old, new, settings, metric, k, how="standard", to=None) -> np.ndarray:
    """What protocol inductive makes of new clips, by its own code."""
    values = np.concatenate([old, new]).astype(np.float64)
    known = np.arange(len(values)) < len(old)
    x = scale(values[:, :-1].astype(np.float64), known, how)
    x = reduce(x, known, "pca", to, settings.seed) if to else x
    x = x.astype(np.float32)
    inputs = Inputs(
        x=x,
        y=values[:, -1].astype(np.int64),
        train=known,
        clips=np.arange(len(x)).astype(str),
        genres=np.array(["folk", "jazz", "rock"]),
        features=np.arange(x.shape[1]).astype(str),
    )
    return train(inputs, adjacency(x, metric, k, known), settings, one_by_one=True)[2][~known]


@pytest.mark.parametrize(
    ("changed", "how"),
    [
        ({}, {}),
        ({"layers": 2, "normalise": True}, {"metric": "cosine"}),
        ({"weights": "similarity"}, {"scaling": "minmax", "metric": "ruzicka"}),
        ({"weights": "equal", "aggregator": "dgl_mean", "hidden": 2}, {"metric": "matching"}),
        ({"layers": 3}, {"reduce_to": 2, "scaling": "none"}),
        ({"messages": False}, {}),
        ({}, {"k": 100}),
    ],
)
def test_a_new_clip_is_what_protocol_inductive_makes_of_it(learnt, changed, how) -> None:
    old, new = drawn(31), drawn(12, seed=1)
    settings = replace(SETTINGS, **changed)
    found = predict(learnt(old, settings=settings, **how), new.drop(columns="genre").to_numpy())
    as_number = {"folk": 0, "jazz": 1, "rock": 2}
    both = [each.assign(genre=each["genre"].map(as_number)).to_numpy() for each in (old, new)]
    expected = of_protocol_inductive(
        *both,
        settings,
        how.get("metric", "euclidean"),
        how.get("k", 5),
        how.get("scaling", "standard"),
        how.get("reduce_to"),
    )
    assert_allclose(found.probabilities, expected, atol=2e-6)
    assert_allclose(found.probabilities.sum(axis=1), 1)
    assert (np.diff(found.distances, axis=1) >= 0).all()


def test_a_new_clip_does_not_depend_on_others_to_the_last_bit(learnt) -> None:
    predictor = learnt(drawn(200, features=40), k=20, reduce_to=30)
    new = drawn(50, features=40, seed=1).drop(columns="genre").to_numpy()
    together = predict(predictor, new)
    for i in (0, 7, 49):
        for alone, among in zip(predict(predictor, new[[i]]), together, strict=True):
            assert_array_equal(alone[0], among[i])


def test_a_training_clip_finds_itself_and_shares_add_up_with_its_own(learnt) -> None:
    old = drawn(31)
    settings = replace(SETTINGS, weights="similarity")
    predictor = learnt(old, settings=settings)
    found = predict(predictor, old.drop(columns="genre").to_numpy())
    assert found.neighbours[:, 0].tolist() == list(range(31))
    assert_array_equal(found.distances[:, 0], 0)
    assert ((found.shares >= 0) & (found.shares.sum(axis=1, keepdims=True) < 1)).all()
    assert_array_equal(
        found.shares.max(axis=1), found.shares[:, 0]
    )  # What is the same counts most.


def test_what_is_saved_is_what_is_read_and_the_same_bytes_again(learnt, tmp_path) -> None:
    new = drawn(4, seed=1).drop(columns="genre").to_numpy()
    for to in (None, 2):
        predictor = learnt(drawn(31), reduce_to=to)
        predictor.save(tmp_path / "a")
        again = Predictor.load(tmp_path / "a")
        again.save(tmp_path / "b")
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        for ours, theirs in zip(predict(predictor, new), predict(again, new), strict=True):
            assert_array_equal(ours, theirs)
        assert again.threshold == predictor.threshold


@pytest.mark.parametrize("content", [b"", b"no predictor", b"\x02\0\0\0\0\0\0\0{}"])
def test_another_file_is_no_predictor(tmp_path, content) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(UserError, match=r"is no predictor .*remove it"):
        Predictor.load(tmp_path / "a")


def test_what_is_far_from_all_is_beyond_the_threshold_and_few_training_clips_are(learnt) -> None:
    predictor = learnt(drawn(300))
    assert np.mean(predictor.usual > predictor.threshold) == 0.01
    like = predict(predictor, drawn(300, seed=1).drop(columns="genre").to_numpy())
    assert np.mean(like.distances.mean(axis=1) > predictor.threshold) < 0.05
    far = predict(predictor, np.full((1, 6), 9.0))
    assert far.distances.mean() > predictor.threshold


def test_no_new_clip_is_no_prediction(learnt) -> None:
    found = predict(learnt(drawn(31)), np.empty((0, 6)))
    assert found.probabilities.shape == (0, 3)
    assert found.neighbours.shape == (0, 5)
