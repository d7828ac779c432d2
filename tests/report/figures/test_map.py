from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse
from tests.report import dataset

from genregraph.models.fit import predictions
from genregraph.report.figures.protocol_figures import chart, within_square


def test_within_square_keeps_shape():
    places = np.array([[-4.0, 1.0], [6.0, 2.0], [1.0, 6.0]])
    assert within_square(places).tolist() == [[0, 0.25], [1, 0.35], [0.5, 0.75]]


def test_chart_shows_the_first_fold_that_tests_a_clip(inputs):
    """Of four clips one is tested in both hold-outs, one in the second, and two in none."""
    # Distances to three others each, out of order; one of them a stored zero: no edge.
    data = np.array([3, 1, 2, 0, 5, 5, 1, 1, 2, 4, 6, 5], dtype=float)
    columns = [1, 2, 3, 0, 2, 3, 3, 1, 0, 0, 1, 2]
    graphs = [
        sparse.csr_array((by * data, columns, [0, 3, 6, 9, 12]), shape=(4, 4)) for by in (1, 10)
    ]
    four = {name: getattr(inputs, name)[:4] for name in "x y clips groups artists".split()}
    tables = []
    for repeat, fold, tested, certain in [(0, 1, [1, 2], 2), (0, 0, [1], 3), (1, 0, [0, 1], 0)]:
        own = replace(inputs, train=~np.isin(np.arange(4), tested), **four)
        probabilities = np.where(np.arange(4) == certain, 0.7, 0.1) * np.ones((4, 1))
        tables.append(predictions(own, probabilities, (repeat, fold)))
    shown = chart(own, dict(enumerate(graphs)), {"graphsage": pd.concat(tables)}, own.x[:, :2], 2)
    assert shown["fold"] == [-1, 0, 1, -1]
    near = [[(2, 1), (3, 2)], [(2, 5), (3, 5)], [(1, 10), (3, 10)], [(0, 4), (2, 5)]]
    assert shown["neighbours"] == near
    ranks = [[], [(3, 70), (0, 10), (1, 10), (2, 10)], [(2, 70), (0, 10), (1, 10), (3, 10)], []]
    assert shown["models"]["graphsage"] == ranks


def test_step_writes_the_same_again(report):
    folder = report.options["maps"][0].parent
    files = {path: path.read_bytes() for path in [*folder.glob("*.png"), folder / "map.json"]}
    assert len(files) == 5
    dataset.write_figures(folder)
    assert {path: path.read_bytes() for path in files} == files
    assert [*report.map["models"]] == dataset.SHOWN
    assert report.map["neighbours"][dataset.NO_EDGE] == []
