import base64
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from tests.report import dataset

from genregraph.models.predictions import predictions
from genregraph.report.figures.places import place
from genregraph.report.page.map import chart, nearest, within_square


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


def test_places_keep_within_the_square_and_keep_its_shape():
    places = np.array([[-4.0, 1.0], [6.0, 2.0], [1.0, 6.0]])
    found = within_square(places)
    assert found.tolist() == [[0, 0.25], [1, 0.35], [0.5, 0.75]]


def test_each_clip_is_shown_as_in_the_first_fold_that_tests_it(inputs, graph):
    """Of four clips one is tested in both hold-outs, one in the second, and two in none."""

    def table(repeat, fold, tested, certain):
        train = ~np.isin(np.arange(4), tested)
        own = {name: getattr(inputs, name)[:4] for name in "x y clips groups artists".split()}
        of_fold = replace(inputs, train=train, **own)
        probabilities = np.full((4, 4), 0.1)
        probabilities[:, certain] = 0.7
        return predictions(of_fold, probabilities, (repeat, fold)), of_fold

    further = graph.copy()
    further.data = further.data * 10
    first, own = table(0, 0, [1], 3)
    second, again = table(0, 1, [1, 2], 2)[0], table(1, 0, [0, 1], 0)[0]
    whole = pd.concat([second, first, again])
    places = place(own.x, 0).tsne
    shown = chart(own, {0: graph, 1: further}, {"graphsage": whole}, places, 2)
    assert shown["fold"] == [-1, 0, 1, -1]
    assert shown["neighbours"] == [[2, 3], [2, 3], [1, 3], [0, 2]]
    assert shown["distances"] == [[1.0, 2.0], [5.0, 5.0], [10.0, 10.0], [4.0, 5.0]]
    assert shown["models"]["graphsage"]["predicted"] == [-1, 3, 2, -1]
    raw = base64.b64decode(shown["models"]["graphsage"]["probabilities"])
    percents = np.frombuffer(raw, dtype=np.uint8).reshape(4, 4)
    assert percents.tolist() == [[0] * 4, [10, 10, 10, 70], [10, 10, 70, 10], [0] * 4]


def test_the_step_writes_figures_and_map_and_the_same_bytes_again(tmp_path):
    folder = tmp_path / "clean"
    dataset.write_protocol(folder, dataset.listed(dataset.rows(tmp_path / "audio")), "clean")
    dataset.write_figures(folder)
    files = {path: path.read_bytes() for path in [*folder.glob("*.png"), folder / "map.json"]}
    assert len(files) == 5
    dataset.write_figures(folder)
    assert {path: path.read_bytes() for path in files} == files
    shown = json.loads((folder / "map.json").read_text())
    assert [*shown["models"]] == dataset.SHOWN
    assert shown["neighbours"][dataset.NO_EDGE] == []
