import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tests.predict.conftest import SEED, drawn, small

from genregraph.common.errors import UserError
from genregraph.graph.adjacency import adjacency
from genregraph.models.base import Fold
from genregraph.models.classifiers import CLASSIFIERS
from genregraph.models.networks import GraphModel
from genregraph.models.search import inner_splits
from genregraph.models.temperature import scaled
from genregraph.predict.predictor import Predictor, predict
from genregraph.preprocessing.inputs import Inputs
from genregraph.preprocessing.prepare import reduce, scale

AS_NUMBER = {"folk": 0, "jazz": 1, "rock": 2}


def inductive(old, new, experiment) -> Inputs:
    """Inputs of protocol inductive, by its own code; new clips are its test clips."""
    values = np.concatenate([each.drop(columns="genre").to_numpy() for each in (old, new)])
    known = np.arange(len(values)) < len(old)
    x = scale(values, known, experiment.scale)
    x = reduce(x, known, "pca", experiment.reduce.to, SEED) if experiment.reduce else x
    names = np.arange(len(x)).astype(str)
    return Inputs(
        x=x.astype(np.float32),
        y=np.concatenate([each["genre"].map(AS_NUMBER).to_numpy() for each in (old, new)]),
        train=known,
        clips=names,
        genres=np.array(list(AS_NUMBER)),
        features=np.arange(x.shape[1]).astype(str),
        groups=names,
        artists=names,
    )


@pytest.mark.parametrize(
    ("model", "changed"),
    [
        ("graphsage", {}),
        ("graphsage", {"graphsage": {"layers": 2, "normalise": True, "epochs": 5}}),
        (
            "graphsage",
            {"graphsage": {"epochs": 5}, "scale": "minmax", "graph": {"metric": "ruzicka"}},
        ),
        ("graphsage", {"graphsage": {"layers": 3, "epochs": 5}, "reduce": {"to": 2}}),
        ("graphsage", {"scale": "none", "reduce": {"to": 3}, "graph": {"k": 100}}),
        ("graphsage", {"search": True, "graphsage": {"epochs": 5}}),
        ("edgeless", {}),
        ("gcn", {"models": ["gcn"], "graphsage": {"epochs": 5, "k": 3}}),
        ("gat_edgeless", {"models": ["gat"], "graphsage": {"epochs": 5}}),
    ],
)
def test_a_network_predicts_new_clips_as_protocol_inductive_does(learnt, model, changed) -> None:
    old, new = drawn(31), drawn(12, seed=1)
    experiment = small(**changed)
    predictor = learnt(old, model, **changed)
    found = predict(predictor, new.drop(columns="genre").to_numpy())
    inputs = inductive(old, new, experiment)
    graph = adjacency(
        inputs.x, experiment.graph.metric, experiment.graph.k, inputs.train, seed=SEED
    )
    kind, settings, *_ = experiment.networks()[model]
    fold = Fold(inputs, graph, SEED, inner_splits(inputs, SEED), True, experiment.search)
    fit = GraphModel(kind, settings).fit_predict(fold)
    expected = scaled(fit.probabilities[~inputs.train], predictor.temperature)
    assert_allclose(found.probabilities, expected, atol=5e-6)
    assert_allclose(found.probabilities.sum(axis=1), 1)
    assert (np.diff(found.distances, axis=1) >= 0).all()


@pytest.mark.parametrize("model", ["logistic", "lda", "svm", "blend", "selected"])
def test_classifiers_predict_new_clips_as_protocol_inductive_does(learnt, model) -> None:
    old, new = drawn(61), drawn(12, seed=1)
    predictor = learnt(old, model)
    found = predict(predictor, new.drop(columns="genre").to_numpy())
    inputs = inductive(old, new, small())
    graph = adjacency(inputs.x, "euclidean", 5, inputs.train)
    fold = Fold(inputs, graph, SEED, inner_splits(inputs, SEED))
    fits = {name: CLASSIFIERS[name].fit_predict(fold) for name in small().models[:3]}
    names = {"blend": list(fits), "selected": [min(fits, key=lambda n: fits[n].inner_log_loss)]}
    members = names.get(model, [model])
    assert list(predictor.members) == members
    mean = np.mean([fits[name].probabilities for name in members], axis=0)[~inputs.train]
    assert_allclose(found.probabilities, scaled(mean, predictor.temperature), atol=1e-5)
    assert not found.shares.any()


@pytest.mark.parametrize("model", ["graphsage", "blend"])
def test_a_new_clip_does_not_depend_on_others_to_the_last_bit(learnt, model) -> None:
    predictor = learnt(drawn(200, features=40), model, graph={"k": 20}, reduce={"to": 30})
    new = drawn(50, features=40, seed=1).drop(columns="genre").to_numpy()
    together = predict(predictor, new)
    for i in (0, 7, 49):
        for alone, among in zip(predict(predictor, new[[i]]), together, strict=True):
            assert_array_equal(alone[0], among[i])


def test_a_training_clip_finds_itself_and_shares_add_up_with_its_own(learnt) -> None:
    old = drawn(31)
    predictor = learnt(old, graphsage={"weights": "similarity", "epochs": 5})
    found = predict(predictor, old.drop(columns="genre").to_numpy())
    assert found.neighbours[:, 0].tolist() == list(range(31))
    assert_array_equal(found.distances[:, 0], 0)
    assert ((found.shares >= 0) & (found.shares.sum(axis=1, keepdims=True) < 1)).all()
    assert_array_equal(
        found.shares.max(axis=1), found.shares[:, 0]
    )  # What is the same counts most.


@pytest.mark.parametrize(
    ("model", "changed"), [("graphsage", {"reduce": {"to": 2}}), ("blend", {})]
)
def test_a_file_holds_a_predictor_with_the_same_bytes_again(
    learnt, tmp_path, model, changed
) -> None:
    new = drawn(4, seed=1).drop(columns="genre").to_numpy()
    predictor = learnt(drawn(61), model, **changed)
    predictor.save(tmp_path / "a")
    again = Predictor.load(tmp_path / "a")
    again.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    for ours, theirs in zip(predict(predictor, new), predict(again, new), strict=True):
        assert_array_equal(ours, theirs)
    assert again.threshold == predictor.threshold
    assert again.choice[:2] == predictor.choice[:2]


@pytest.mark.parametrize("content", [b"", b"no predictor", b"\x02\0\0\0\0\0\0\0{}"])
def test_another_file_is_no_predictor(tmp_path, content) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(UserError, match=r"is no predictor .*remove it"):
        Predictor.load(tmp_path / "a")


def test_what_is_far_from_all_is_beyond_the_threshold_and_few_training_clips_are(learnt) -> None:
    predictor = learnt(drawn(300), "lda")
    assert np.mean(predictor.usual > predictor.threshold) == 0.01
    like = predict(predictor, drawn(300, seed=1).drop(columns="genre").to_numpy())
    assert np.mean(like.distances.mean(axis=1) > predictor.threshold) < 0.05
    far = predict(predictor, np.full((1, 6), 9.0))
    assert far.distances.mean() > predictor.threshold


@pytest.mark.parametrize("model", ["graphsage", "lda"])
def test_no_new_clip_is_no_prediction(learnt, model) -> None:
    found = predict(learnt(drawn(31), model), np.empty((0, 6)))
    assert found.probabilities.shape == (0, 3)
    assert found.neighbours.shape == (0, 5)
