"""The main result from 6 real clips, by `make torture` from 100, as shipped but for baselines."""

import json
import math
from itertools import chain
from pathlib import Path

import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tests.workflow.conftest import ROOT, TARGET, Project, result

from genregraph.datasets.sheet import read_sheet, write_sheet
from genregraph.features.handcrafted import COLUMNS

SHEET = "config/datasets/gtzan-mini.tsv"
FEATURES = "results/gtzan-mini/30s/features"
# How many genres there are, and how many clips of each.
ALL = (10, 10)
LONG = pytest.param(ALL, marks=pytest.mark.torture)


@pytest.fixture(scope="module", params=[(3, 2), LONG])
def part(request: pytest.FixtureRequest) -> tuple[int, int]:
    return request.param


@pytest.fixture(scope="module")
def real(part: tuple[int, int], shared: Project, real_audio: Path) -> Project:
    rows = read_sheet(ROOT / SHEET)
    genres = sorted({row.genre for row in rows})[: part[0]]
    kept = [[row for row in rows if row.genre == genre][: part[1]] for genre in genres]
    write_sheet([*chain.from_iterable(kept)], shared.folder / SHEET)
    (shared.folder / "small.yaml").write_text(
        f"dataset: gtzan-mini\naudio: {json.dumps(str(real_audio))}\n"
        "experiments: {multiclass_compare: {models: []}, multiclass_musicnn: {models: []}}\n"
    )
    shared.snakemake("--cores", "2", TARGET)
    return shared


def test_the_result_has_all_folds_and_no_empty_cell(real: Project, part: tuple[int, int]) -> None:
    table = result(real, "multiclass_compare")
    assert (table.groupby(["model", "aggregation"])["fold"].nunique() == 10).all()
    assert set(table["n_train"] + table["n_test"]) == {math.prod(part)}
    assert set(table["protocol"]) == {"paper"}  # Blues, classical and others are of one artist.
    graphsage = table[table["model"] == "graphsage"]
    assert graphsage["train_accuracy"].eq(1).all()
    assert real.planned() == {}
    if part == ALL:  # From three clips nobody learns three genres.
        assert graphsage["test_accuracy"].mean() > 0.5


@pytest.mark.parametrize("part", [LONG], indirect=True)
def test_tags_and_a_graph_of_similar_clips_find_most_genres(real: Project) -> None:
    real.snakemake("--cores", "2", "results/multiclass_musicnn.csv")
    table = result(real, "multiclass_musicnn")
    assert set(table["n_train"] + table["n_test"]) == {100}
    graphsage = table.query("model == 'graphsage' and aggregation == 'none'")
    assert len(graphsage) == 10
    assert graphsage["test_accuracy"].mean() >= 0.85


def test_hand_crafted_features_are_those_of_the_public_table(
    real: Project, part: tuple[int, int], public_table: pd.DataFrame
) -> None:
    ours = pd.read_parquet(real.folder / FEATURES / "handcrafted.parquet").set_index("clip")
    theirs = public_table.set_index(public_table["filename"].str.removesuffix(".wav"))
    theirs = theirs.loc[ours.index, COLUMNS]
    assert len(ours) == math.prod(part)
    whole, absolute = ["length", "tempo"], ["harmony_mean", "perceptr_mean"]
    assert_array_equal(ours[whole], theirs[whole])
    assert_allclose(ours[absolute], theirs[absolute], rtol=0, atol=1e-7)
    others = [column for column in COLUMNS if column not in whole + absolute]
    assert_allclose(ours[others], theirs[others], rtol=1e-4)
