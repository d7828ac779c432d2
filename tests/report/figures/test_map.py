import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from tests.report import dataset

from genregraph.models.fit import predictions
from genregraph.report.figures.places import place
from genregraph.report.figures.protocol_figures import chart, within_square


@pytest.fixture
def graph():
    """Distances from four clips to three others each, out of order; one of them a stored zero."""
    data = [3, 1, 2, 0, 5, 5, 1, 1, 2, 4, 6, 5]
    columns = [1, 2, 3, 0, 2, 3, 3, 1, 0, 0, 1, 2]
    return sparse.csr_array((data, columns, [0, 3, 6, 9, 12]), shape=(4, 4), dtype=float)


def test_within_square_keeps_shape():
    places = np.array([[-4.0, 1.0], [6.0, 2.0], [1.0, 6.0]])
    assert within_square(places).tolist() == [[0, 0.25], [1, 0.35], [0.5, 0.75]]


def test_chart_shows_the_first_fold_that_tests_a_clip(inputs, graph):
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
    tables = {"graphsage": pd.concat([second, first, again])}
    shown = chart(own, {0: graph, 1: further}, tables, place(own.x, 0).tsne, 2)
    assert shown["fold"] == [-1, 0, 1, -1]
    assert shown["neighbours"] == [
        [(2, 1.0), (3, 2.0)],
        [(2, 5.0), (3, 5.0)],
        [(1, 10.0), (3, 10.0)],
        [(0, 4.0), (2, 5.0)],
    ]
    others = [(0, 10), (1, 10)]
    assert shown["models"]["graphsage"] == [
        [],
        [(3, 70), *others, (2, 10)],
        [(2, 70), *others, (3, 10)],
        [],
    ]


def test_step_writes_the_same_map_again(tmp_path):
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
