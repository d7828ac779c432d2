from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from learning import best
from learning.best import Hearing
from learning.graph_network import DESIGN, EDGELESS, Ensemble, fit, heard, main, trained
from settings.seeds import fold_seed

QUICK = replace(DESIGN, members=3, hidden=8, epochs=20)


@pytest.fixture
def artists():
    """Nine artists of four clips, three of each genre."""
    return np.array([f"artist{i // 4}" for i in range(36)])


@pytest.fixture
def noisy(inputs):
    """Features that say more of the artist than of the genre; three artists are tested."""
    rng = np.random.default_rng(1)
    x = np.repeat(rng.normal(size=(9, 5)), 4, axis=0) + 0.5 * rng.normal(size=(36, 5))
    train = np.arange(36) // 4 % 3 != 0
    return replace(inputs, x=x.astype(np.float32), train=train)


def test_messages_are_all_that_tells_the_twin():
    assert replace(EDGELESS, similar=DESIGN.similar, share=DESIGN.share) == DESIGN
    assert DESIGN.similar and 0 < DESIGN.share < 1
    assert not EDGELESS.similar and EDGELESS.share == 0


def test_a_clip_hears_itself_and_the_weighted_sum_of_others():
    x = np.array([[1.0, 2], [3, 4], [5, 6]], dtype=np.float32)
    similar = sparse.csr_array(np.array([[0, 0.5, 0.25], [1, 0, 0], [0, 0, 0]]))
    expected = [[1, 2, 2.75, 3.5], [3, 4, 1, 2], [5, 6, 0, 0]]
    assert_array_equal(heard(x, similar), np.array(expected, dtype=np.float32))


def test_the_twin_is_the_network_on_a_graph_without_edges():
    x = np.array([[1.0, 2], [3, 4], [5, 6]], dtype=np.float32)
    twin = heard(x, None)
    assert_array_equal(twin, heard(x, sparse.csr_array((3, 3))))
    assert_array_equal(twin, [[1, 2, 0, 0], [3, 4, 0, 0], [5, 6, 0, 0]])
    assert twin.dtype == np.float32


def test_a_feature_of_the_twin_is_left_out_as_often_as_the_networks(inputs):
    """A second copy of it, which is left out by itself, would stand in for it."""
    torch.manual_seed(0)
    x = torch.from_numpy(np.abs(heard(inputs.x, None)))
    seen = Ensemble(10, 3, replace(QUICK, drop_inputs=0.5)).drop_inputs(x) > 0
    assert (seen[:, :5] | seen[:, 5:]).float().mean() == pytest.approx(0.5, abs=0.12)


def test_members_are_networks_of_their_own(inputs):
    """Each gives what its weights give by themselves, and no two begin alike."""
    model = Ensemble(5, 3, QUICK).eval()
    x = torch.from_numpy(inputs.x)
    with torch.no_grad():
        found = model(x).numpy()
        for member in range(3):
            w, b, v, c = (each[member].numpy() for each in (*model.inward, *model.outward))
            assert_allclose(found[member], np.maximum(inputs.x @ w + b, 0) @ v + c, atol=1e-5)
    assert not np.allclose(found[0], found[1])


def test_dropout_is_for_training_alone(inputs):
    model = trained(inputs.x, inputs.y, 3, QUICK, seed=0)
    x = torch.from_numpy(inputs.x).double()
    with torch.no_grad():
        assert_array_equal(model(x).numpy(), model(x).numpy())
        assert not np.array_equal(model.train()(x).numpy(), model(x).numpy())


def test_smoothed_labels_keep_networks_from_certainty(inputs):
    long = replace(QUICK, epochs=300, drop_inputs=0.0, drop_hidden=0.0, similar=False, share=0.0)
    sure, smooth = (
        fit(inputs, inputs.clips, replace(long, smoothing=by))
        .probabilities[inputs.train]
        .max(axis=1)
        for by in (0, 0.3)
    )
    assert sure.min() > 0.99
    assert smooth.mean() == pytest.approx(0.8, abs=0.05)  # 0.7 + 0.3 / 3.


@pytest.mark.parametrize("design", [QUICK, replace(QUICK, similar=False, share=0.0)])
def test_both_learn_and_give_the_same_again(inputs, artists, design):
    first, again, other = (fit(inputs, artists, design, Hearing(seed)) for seed in (1, 1, 2))
    assert_array_equal(first.probabilities, again.probabilities)
    assert not np.array_equal(first.probabilities, other.probabilities)
    assert_allclose(first.probabilities.sum(axis=1), 1)
    assert first.epochs == 20
    assert (first.probabilities.argmax(axis=1) == inputs.y)[~inputs.train].mean() > 0.9


def test_predictions_are_those_of_the_network_spread_over_probable_artists(noisy, artists):
    alone = fit(noisy, artists, replace(QUICK, share=0.0)).probabilities
    spread = best.graphs(best.prepared(noisy), artists)["artists"]
    assert spread[~noisy.train].nnz > 0
    expected = best.propagate(alone, noisy, spread, QUICK.share)
    assert_allclose(fit(noisy, artists, QUICK).probabilities, expected)
    assert not np.allclose(alone[~noisy.train], expected[~noisy.train])


def test_where_artists_are_not_held_out_whole_known_clips_are_heard(noisy, artists):
    """One clip of each artist is tested, and is what its artist's other clips are."""
    singly = replace(noisy, train=np.arange(36) % 4 > 0)
    right = {
        apart: (fit(singly, artists, QUICK, Hearing(apart=apart)).probabilities.argmax(axis=1))
        == singly.y
        for apart in (False, True)
    }
    train = singly.train
    assert_array_equal(right[False][train], right[True][train])
    assert right[False][~train].mean() > right[True][~train].mean()


def test_what_is_said_of_training_clips_has_not_been_told_their_genre(noisy, artists):
    shuffled = replace(noisy, y=np.random.default_rng(0).permutation(noisy.y))
    alone, spread = (
        fit(shuffled, artists, replace(QUICK, share=share)).probabilities for share in (0.0, 0.8)
    )
    assert_array_equal(alone[shuffled.train], spread[shuffled.train])
    assert not np.array_equal(alone, spread)


def test_similar_clips_are_heard_and_the_twin_hears_nobody(noisy, artists):
    """Move a test clip: what the twin says of others stays, what the network says does not."""
    x = noisy.x.copy()
    x[0] = x[12] + 0.01
    moved, others = replace(noisy, x=x), np.arange(36) > 0
    for design, same in [
        (replace(QUICK, share=0.0), False),
        (replace(QUICK, similar=False), False),
    ]:
        found = [fit(each, artists, design).probabilities[others] for each in (noisy, moved)]
        assert np.allclose(*found) == same
    twin = replace(QUICK, similar=False, share=0.0)
    found = [fit(each, artists, twin).probabilities[others] for each in (noisy, moved)]
    assert_array_equal(*found)


def test_nothing_depends_on_genres_or_artists_of_test_clips(noisy, artists):
    y, other = noisy.y.copy(), artists.copy()
    y[~noisy.train] = (y[~noisy.train] + 1) % 3
    other[~noisy.train] = "someone"
    first, second = fit(noisy, artists, QUICK), fit(replace(noisy, y=y), other, QUICK)
    assert_array_equal(first.probabilities, second.probabilities)


def test_main_writes_both(noisy, artists, tmp_path):
    noisy.save(tmp_path / "inputs.npz")
    folds = pd.DataFrame({"clip": noisy.clips, "group": artists, "artist": artists})
    folds.to_parquet(tmp_path / "folds.parquet")
    times, output = tmp_path / "times.csv", tmp_path / "graph_network.parquet"
    inputs = [tmp_path / "inputs.npz"] * 2
    main(inputs, tmp_path / "folds.parquet", "all", False, 99, 3, times, output)
    table = pd.read_parquet(output).query("fold == 1")
    assert table["model"].unique().tolist() == ["graph_network", "graph_network_edgeless"]
    for name, design in [("graph_network", DESIGN), ("graph_network_edgeless", EDGELESS)]:
        found = table.loc[table["model"] == name, noisy.genres].to_numpy()
        hearing = Hearing(fold_seed(3, 1), apart=False)
        assert_array_equal(found, fit(noisy, artists, design, hearing).probabilities)
    assert pd.read_csv(times)["epochs"].tolist() == [60] * 4
