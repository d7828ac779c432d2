"""What holds of every graph, whatever the clips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from genregraph.graph.adjacency import adjacency
from genregraph.graph.metrics import METRICS

# A coarse grid: replicas, ties and rows of zeros are frequent.
CLIPS = st.integers(3, 20).flatmap(
    lambda n: arrays(np.float64, (n, 4), elements=st.integers(-2, 2).map(lambda v: v / 2))
)


@pytest.mark.parametrize("metric", METRICS)
@given(x=CLIPS, seed=st.integers(0, 99))
def test_distances_obey_the_axioms_of_a_metric_in_any_order_of_clips(metric, x, seed) -> None:
    d = adjacency(x, metric, len(x)).toarray()
    assert_allclose(d, d.T, atol=1e-12)
    assert (d[(x[:, None] == x).all(axis=2)] == 0).all()
    if metric != "cosine":
        assert (d[:, :, None] <= d[:, None, :] + d.T[None, :, :] + 1e-9).all()
    order = np.random.default_rng(seed).permutation(len(x))
    moved = adjacency(x[order], metric, len(x)).toarray()
    assert_allclose(moved, d[order][:, order], atol=1e-7)
