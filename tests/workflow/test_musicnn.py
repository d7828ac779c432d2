"""Tables of the pre-trained network, whose weights a rule takes out of a package."""

from pathlib import Path

import pandas as pd
import pytest
from tests.workflow.conftest import TARGET, Project

from features.musicnn import COLUMNS

CLIPS = "results/mine/30s/clips.parquet"
TABLE = "results/mine/30s/features/musicnn.parquet"
EMBEDDING = "results/mine/30s/features/musicnn_embedding.parquet"
WEIGHTS = "results/weights/musicnn.safetensors"


def wheel(path: str | Path) -> list[str]:
    return ["--config", "audio=audio", f"musicnn={{wheel: {path}}}"]


@pytest.fixture(scope="module")
def tagged(
    unrun: Project, musicnn_wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """A project with the table of tags; not to be changed."""
    project = unrun.copy(tmp_path_factory.mktemp("tagged") / "project")
    project.snakemake("--cores", "2", CLIPS, TABLE, *wheel(musicnn_wheel))
    return project


def test_the_table_has_a_row_a_clip(tagged: Project) -> None:
    clips = pd.read_parquet(tagged.folder / CLIPS)
    table = pd.read_parquet(tagged.folder / TABLE)
    assert table.columns.tolist() == ["clip", *COLUMNS]
    assert table["clip"].tolist() == clips.loc[clips["status"] != "refused", "clip"].tolist()
    assert len(table) > 15


def test_the_embedding_takes_the_same_weights(tagged: Project) -> None:
    assert tagged.planned(target=EMBEDDING) == {"extract": 3, "gather": 1}


def test_where_the_weights_come_from_changes_nothing(tagged: Project) -> None:
    assert tagged.planned(target=TABLE) == {}
    assert tagged.planned(*wheel("/elsewhere.whl"), target=TABLE) == {}


def test_weights_that_are_gone_are_not_fetched_for_a_table_that_is_there(
    tagged: Project, tmp_path: Path
) -> None:
    project = tagged.copy(tmp_path / "project")
    (project.folder / WEIGHTS).unlink()
    assert project.planned(target=TABLE) == {}


def test_an_edited_reader_of_weights_makes_them_and_the_table_anew(
    tagged: Project, tmp_path: Path
) -> None:
    project = tagged.copy(tmp_path / "project")
    project.edit("workflow/scripts/features/checkpoint.py", "FOOTER = 48", "FOOTER = 40 + 8")
    assert project.planned(target=TABLE) == {"weights": 1, "extract": 3, "gather": 1}


def test_tables_without_the_network_need_no_weights(unrun: Project) -> None:
    assert "weights" not in unrun.planned(target=TARGET)


def test_a_wheel_that_is_not_there_is_told_once(unrun: Project, tmp_path: Path) -> None:
    project = unrun.copy(tmp_path / "project")
    printed = project.snakemake("--cores", "1", WEIGHTS, *wheel("/elsewhere.whl"), fails=True)
    assert printed.count("musicnn.wheel: there is no file /elsewhere.whl. By hand: get") == 1
