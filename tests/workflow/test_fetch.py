"""Datasets whose audio the workflow fetches."""

import hashlib
import zipfile

from tests.workflow.conftest import Project

CLIPS = "results/mine/30s/clips.parquet"


def test_a_dataset_is_fetched_unpacked_and_audited(fresh: Project) -> None:
    """Among its clips are some in whose names Snakemake sees wildcards."""
    clips = fresh.bytes_of("audio/**/*")
    archive = fresh.folder / "published.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name, content in clips.items():
            packed.writestr(name.replace("audio", "genres-main", 1), content)
    wrong, right = "0" * 32, hashlib.md5(archive.read_bytes()).hexdigest()
    facts = f"{{shards: 3, archive: {{urls: [{archive}], md5: '{wrong}', filename: mine.zip}}}}"
    fresh.edit("small.yaml", "{shards: 3}", facts)
    run = ("--cores", "2", CLIPS, "--config", "audio=")
    # A wrong checksum leaves nothing, and says what to do.
    assert "By hand: put the archive with MD5" in fresh.snakemake(*run, fails=True)
    assert fresh.bytes_of("resources/**/*") == {}
    fresh.edit("small.yaml", wrong, right)
    fresh.snakemake(*run)
    unpacked = fresh.bytes_of("resources/mine/**/[!.]*")
    assert unpacked == {name.replace("audio", "resources/mine", 1): clips[name] for name in clips}
    assert (fresh.folder / CLIPS).exists()
