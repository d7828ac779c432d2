"""Tables of the pre-trained network, whose weights are shipped."""

from pathlib import Path

import pandas as pd
import pytest
from tests.workflow.conftest import Project

from genregraph.features.musicnn import COLUMNS, SHA256

CLIPS = "results/mine/30s/clips.parquet"
TABLE = "results/mine/30s/features/musicnn.parquet"
EMBEDDING = "results/mine/30s/features/musicnn_embedding.parquet"


@pytest.fixture(scope="module")
def tagged(unrun: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the table of tags; not to be changed."""
    project = unrun.copy(tmp_path_factory.mktemp("tagged") / "project")
    project.snakemake("--cores", "2", CLIPS, TABLE)
    return project


def test_the_table_has_a_row_a_clip(tagged: Project) -> None:
    clips = pd.read_parquet(tagged.folder / CLIPS)
    table = pd.read_parquet(tagged.folder / TABLE)
    assert table.columns.tolist() == ["clip", *COLUMNS]
    assert table["clip"].tolist() == clips.loc[clips["status"] != "rejected", "clip"].tolist()
    assert len(table) > 15


def test_other_weights_make_the_tables_anew(tagged: Project, tmp_path: Path) -> None:
    assert tagged.planned(target=TABLE) == {}
    assert tagged.planned(target=EMBEDDING) == {"extract": 3, "gather": 1}
    project = tagged.copy(tmp_path / "project")
    project.edit("workflow/scripts/genregraph/features/musicnn.py", SHA256, "0" * 64)
    assert project.planned(target=TABLE) == {"extract": 3, "gather": 1}
