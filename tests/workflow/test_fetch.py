"""Datasets whose audio the workflow fetches."""

import hashlib
import zipfile
from pathlib import Path

from tests.workflow.conftest import Project

CLIPS = "results/mine/30s/clips.parquet"


def clips_of(project: Project) -> list[Path]:
    """Audio files, among them some in whose names Snakemake sees wildcards."""
    return sorted(path for path in project.folder.glob("audio/**/*") if path.is_file())


def publish(project: Project, md5: str = "") -> None:
    """Pack the project's audio into an archive and name it in the configuration."""
    archive = project.folder / "published.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in clips_of(project):
            packed.write(path, f"genres-main/{path.relative_to(project.folder / 'audio')}")
    md5 = md5 or hashlib.md5(archive.read_bytes()).hexdigest()
    facts = f"{{shards: 3, archive: {{urls: [{archive}], md5: '{md5}', filename: mine.zip}}}}"
    project.edit("small.yaml", "{shards: 3}", facts)


def test_a_dataset_is_fetched_unpacked_and_audited(unrun: Project, tmp_path) -> None:
    project = unrun.copy(tmp_path / "project")
    publish(project)
    project.snakemake("--cores", "2", CLIPS, "--config", "audio=")
    for path in clips_of(project):
        fetched = project.folder / "resources/mine" / path.relative_to(project.folder / "audio")
        assert fetched.read_bytes() == path.read_bytes()
    assert (project.folder / CLIPS).exists()


def test_a_wrong_checksum_leaves_nothing_and_says_what_to_do(unrun: Project, tmp_path) -> None:
    project = unrun.copy(tmp_path / "project")
    publish(project, md5="0" * 32)
    printed = project.snakemake("--cores", "2", CLIPS, "--config", "audio=", fails=True)
    assert "By hand: put the archive with MD5" in printed
    assert [path.name for path in (project.folder / "resources").rglob("*") if path.is_file()] == []
