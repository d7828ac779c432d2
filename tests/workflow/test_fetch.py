"""Datasets whose audio the workflow fetches."""

import hashlib
import zipfile
from pathlib import Path

from tests.workflow.conftest import Project

CLIPS = "results/mine/30s/clips.parquet"


def clips_of(project: Project) -> list[Path]:
    """Audio files, among them some in whose names Snakemake sees wildcards."""
    return sorted(path for path in project.folder.glob("audio/**/*") if path.is_file())


def test_a_dataset_is_fetched_unpacked_and_audited(unrun: Project, tmp_path) -> None:
    project = unrun.copy(tmp_path / "project")
    archive = project.folder / "published.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in clips_of(project):
            packed.write(path, f"genres-main/{path.relative_to(project.folder / 'audio')}")
    wrong, right = "0" * 32, hashlib.md5(archive.read_bytes()).hexdigest()
    facts = f"{{shards: 3, archive: {{urls: [{archive}], md5: '{wrong}', filename: mine.zip}}}}"
    project.edit("small.yaml", "{shards: 3}", facts)
    run = ("--cores", "2", CLIPS, "--config", "audio=")
    # A wrong checksum leaves nothing, and says what to do.
    assert "By hand: put the archive with MD5" in project.snakemake(*run, fails=True)
    assert not [path for path in project.folder.glob("resources/**/*") if path.is_file()]
    project.edit("small.yaml", wrong, right)
    project.snakemake(*run)
    for path in clips_of(project):
        fetched = project.folder / "resources/mine" / path.relative_to(project.folder / "audio")
        assert fetched.read_bytes() == path.read_bytes()
    assert (project.folder / CLIPS).exists()
