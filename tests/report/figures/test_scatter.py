from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from genregraph.report.figures.scatter import draw, neighbour_map, place, principal_components


def test_principal_components_keep_all_distances(inputs):
    components, shares = principal_components(inputs.x, 50, seed=0)
    assert components.shape == inputs.x.shape
    assert_allclose(shares.sum(), 1, rtol=1e-5)
    assert (np.diff(shares) <= 0).all()
    first = np.linalg.norm(inputs.x - inputs.x[0], axis=1)
    assert_allclose(np.linalg.norm(components - components[0], axis=1), first, rtol=1e-4)


def test_tsne_keeps_clouds_apart(inputs):
    places = neighbour_map(principal_components(inputs.x, 50, seed=0)[0], seed=0)
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert_array_equal(inputs.y[distances.argmin(axis=1)], inputs.y)


def test_of_many_clips_a_sample_is_placed_and_the_others_beside_it(inputs):
    many = replace(inputs, x=np.repeat(inputs.x, 5, axis=0), y=inputs.y.repeat(5))
    places = neighbour_map(many.x, seed=0, most=60)
    assert places.shape == (120, 2)
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert_array_equal(many.y[distances.argmin(axis=1)], many.y)


@pytest.mark.parametrize("shape", [(2, 5), (24, 1), (3, 2)])
def test_the_smallest_inputs_can_be_drawn(inputs, shape):
    clips, features = shape
    small = replace(inputs, x=inputs.x[:clips, :features], y=inputs.y[:clips])
    figure = draw(small, place(small.x, 0))
    drawn = [len(points.get_offsets()) for points in figure.axes[1].collections]
    assert sum(drawn) == clips


def test_the_figure_is_legible(inputs, genres, assert_legible):
    expected = [*genres, "PCA", "24 clips by 5 features", "genre"]
    assert_legible(draw, inputs, place(inputs.x, 0), texts=expected)


def test_labels_keep_apart(inputs, assert_apart):
    assert_apart(draw(inputs, place(inputs.x, 0)))
