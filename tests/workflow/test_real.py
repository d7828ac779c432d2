"""The main result from 6 real clips, by `make torture` from 100, as shipped but for baselines."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tests.workflow.conftest import TARGET, Project

from genregraph.datasets.sheet import read_sheet, write_sheet
from genregraph.features.handcrafted import COLUMNS

FEATURES = "results/gtzan-mini/30s/features"
TAGGED = "results/multiclass_musicnn.csv"


class Part(NamedTuple):
    """How many genres there are, and how many clips of each."""

    genres: int
    clips: int


ALL = Part(10, 10)


@pytest.fixture(scope="module", params=[Part(3, 2), pytest.param(ALL, marks=pytest.mark.torture)])
def part(request: pytest.FixtureRequest) -> Part:
    return request.param


@pytest.fixture(scope="module")
def real(
    part: Part, unrun: Project, real_audio: Path, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    project = unrun.copy(tmp_path_factory.mktemp("real") / "project")
    sheet = project.folder / "config/datasets/gtzan-mini.tsv"
    rows = read_sheet(sheet)
    genres = sorted({row.genre for row in rows})[: part.genres]
    by_genre = {genre: [row for row in rows if row.genre == genre] for genre in genres}
    write_sheet([row for genre in genres for row in by_genre[genre][: part.clips]], sheet)
    (project.folder / "small.yaml").write_text(
        "dataset: gtzan-mini\n"
        "experiments: {multiclass_compare: {models: []}, multiclass_musicnn: {models: []}}\n"
    )
    project.snakemake("--cores", "2", TARGET, "--config", f"audio={real_audio}")
    return project


def test_the_result_has_all_folds_and_no_empty_cell(
    real: Project, part: Part, real_audio: Path
) -> None:
    table = pd.read_csv(real.folder / TARGET)
    assert (table.groupby(["model", "aggregation"])["fold"].nunique() == 10).all()
    assert table["n_train"].add(table["n_test"]).unique().tolist() == [part.genres * part.clips]
    assert table.notna().all(axis=None)
    assert set(table["protocol"]) == {"paper"}  # Blues, classical and others are of one artist.
    graphsage = table[table["model"] == "graphsage"]
    assert graphsage["train_accuracy"].eq(1).all()
    assert real.planned("--config", f"audio={real_audio}") == {}
    if part == ALL:  # From three clips nobody learns three genres.
        assert graphsage["test_accuracy"].mean() > 0.5


@pytest.mark.parametrize("part", [pytest.param(ALL, marks=pytest.mark.torture)], indirect=True)
def test_tags_and_a_graph_of_similar_clips_find_most_genres(
    real: Project, real_audio: Path
) -> None:
    real.snakemake("--cores", "2", TAGGED, "--config", f"audio={real_audio}")
    table = pd.read_csv(real.folder / TAGGED)
    assert table["n_train"].add(table["n_test"]).unique().tolist() == [100]
    graphsage = table.query("model == 'graphsage' and aggregation == 'none'")
    assert len(graphsage) == 10
    assert graphsage["test_accuracy"].mean() >= 0.85


def test_hand_crafted_features_are_those_of_the_public_table(
    real: Project, part: Part, public_table: pd.DataFrame
) -> None:
    ours = pd.read_parquet(real.folder / FEATURES / "handcrafted.parquet").set_index("clip")
    theirs = public_table.set_index(public_table["filename"].str.removesuffix(".wav"))
    theirs = theirs.loc[ours.index, COLUMNS]
    assert len(ours) == part.genres * part.clips
    whole, absolute = ["length", "tempo"], ["harmony_mean", "perceptr_mean"]
    assert_array_equal(ours[whole], theirs[whole])
    assert_allclose(ours[absolute], theirs[absolute], rtol=0, atol=1e-7)
    others = [column for column in COLUMNS if column not in whole + absolute]
    assert_allclose(ours[others], theirs[others], rtol=1e-4)
