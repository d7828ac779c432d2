"""Tables of the pre-trained network, whose weights a rule takes out of a package."""

from pathlib import Path

import pandas as pd
import pytest
from tests.workflow.conftest import TARGET, Project

from features import musicnn, musicnn_embedding

TABLES = [f"results/mine/30s/features/{name}.parquet" for name in ("musicnn", "musicnn_embedding")]
WEIGHTS = "results/weights/musicnn.safetensors"


def wheel(path: str | Path) -> list[str]:
    return ["--config", "audio=audio", f"musicnn={{wheel: {path}}}"]


@pytest.fixture(scope="module")
def tagged(
    unrun: Project, musicnn_wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """A project with both tables; not to be changed."""
    project = unrun.copy(tmp_path_factory.mktemp("tagged") / "project")
    project.snakemake("--cores", "2", *TABLES, *wheel(musicnn_wheel))
    return project


def test_both_tables_have_a_row_a_clip(tagged: Project) -> None:
    clips = pd.read_parquet(tagged.folder / "results/mine/30s/clips.parquet")
    usable = clips.loc[clips["status"] != "refused", "clip"].tolist()
    assert len(usable) > 15
    for path, step in zip(TABLES, (musicnn, musicnn_embedding), strict=True):
        table = pd.read_parquet(tagged.folder / path)
        assert table.columns.tolist() == ["clip", *step.COLUMNS]
        assert table["clip"].tolist() == usable


def test_where_the_weights_come_from_changes_nothing(tagged: Project) -> None:
    for path in TABLES:
        assert tagged.planned(target=path) == {}
        assert tagged.planned(*wheel("/elsewhere.whl"), target=path) == {}


def test_weights_that_are_gone_are_not_fetched_for_tables_that_are_there(
    tagged: Project, tmp_path: Path
) -> None:
    project = tagged.copy(tmp_path / "project")
    (project.folder / WEIGHTS).unlink()
    assert project.planned(target=TABLES[0]) == {}


def test_an_edited_reader_of_weights_makes_them_and_the_tables_anew(
    tagged: Project, tmp_path: Path
) -> None:
    project = tagged.copy(tmp_path / "project")
    project.edit("workflow/scripts/features/checkpoint.py", "FOOTER = 48", "FOOTER = 40 + 8")
    assert project.planned(target=TABLES[0]) == {"weights": 1, "extract": 3, "gather": 1}


def test_tables_without_the_network_need_no_weights(unrun: Project) -> None:
    assert "weights" not in unrun.planned(target=TARGET)


def test_a_wheel_that_is_not_there_is_told_once(unrun: Project, tmp_path: Path) -> None:
    project = unrun.copy(tmp_path / "project")
    printed = project.snakemake("--cores", "1", WEIGHTS, *wheel("/elsewhere.whl"), fails=True)
    assert printed.count("musicnn.wheel: there is no file /elsewhere.whl. By hand: get") == 1
