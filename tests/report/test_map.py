import base64
import json

import numpy as np
import pytest
from scipy import sparse
from tests.report import dataset

from inputs.inputs import Inputs
from report.map import Looked, chart, main, nearest, places


@pytest.fixture
def graph():
    """Distances from four clips to three others each, out of order; one of them a stored zero."""
    data = [3, 1, 2, 0, 5, 5, 1, 1, 2, 4, 6, 5]
    columns = [1, 2, 3, 0, 2, 3, 3, 1, 0, 0, 1, 2]
    return sparse.csr_array((data, columns, [0, 3, 6, 9, 12]), shape=(4, 4), dtype=float)


def test_the_nearest_come_first_and_a_zero_is_no_edge(graph):
    assert nearest(graph, 0, 2) == [(2, 1.0), (3, 2.0)]
    assert nearest(graph, 1, 9) == [(2, 5.0), (3, 5.0)]
    assert nearest(graph, 2, 2) == [(1, 1.0), (3, 1.0)]


def test_places_keep_within_the_square_and_keep_its_shape(inputs):
    found = places(inputs.x, 0)
    low, high = found.min(axis=0), found.max(axis=0)
    assert (high - low).max() == pytest.approx(1)
    assert (low + high) / 2 == pytest.approx(0.5)
    assert (found == places(inputs.x, 0)).all()


def test_clips_of_a_genre_lie_together(inputs):
    """The four clouds of the inputs are four clouds on the map."""
    found = places(inputs.x, 0)
    distances = np.linalg.norm(found[:, None] - found, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (inputs.y[distances.argmin(axis=1)] == inputs.y).mean() > 0.8


def test_each_clip_is_shown_as_in_the_fold_that_tests_it(inputs, graph):
    """Of four clips two are tested, each in a fold whose graph and probabilities differ."""

    def fold(number, test, graph, certain):
        train = np.arange(4) != test
        of_fold = Inputs(
            inputs.x[:4], inputs.y[:4], train, inputs.clips[:4], inputs.genres, inputs.features
        )
        table = np.full((4, 4), 0.1)
        table[:, certain] = 0.7
        return Looked(number, of_fold, graph, {"graphsage": table})

    further = graph.copy()
    further.data = further.data * 10
    shown = chart([fold(0, 1, graph, 3), fold(1, 2, further, 2)], 2, 0)
    assert shown["fold"] == [-1, 0, 1, -1]
    assert shown["neighbours"] == [[2, 3], [2, 3], [1, 3], [0, 2]]
    assert shown["distances"] == [[1.0, 2.0], [5.0, 5.0], [10.0, 10.0], [4.0, 5.0]]
    assert shown["models"]["graphsage"]["predicted"] == [-1, 3, 2, -1]
    raw = base64.b64decode(shown["models"]["graphsage"]["probabilities"])
    percents = np.frombuffer(raw, dtype=np.uint8).reshape(4, 4)
    assert percents.tolist() == [[0] * 4, [10, 10, 10, 70], [10, 10, 70, 10], [0] * 4]


def test_the_step_writes_the_same_bytes_again(tmp_path):
    options = dataset.write_dataset(tmp_path)
    (path,) = options["maps"]
    main(path.parent, 0, tmp_path / "again.json", ["edgeless", "baselines"], neighbours=dataset.K)
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    shown = json.loads(path.read_text())
    assert [*shown["models"]] == ["graphsage", "edgeless", "svm"]
    assert shown["neighbours"][dataset.NO_EDGE] == []
