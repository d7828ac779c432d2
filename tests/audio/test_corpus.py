"""Some hundreds of broken and odd files: none crashes or hangs the audit, and no sound is lost."""

import resource
import time

import pandas as pd
import pytest
from tests.audio.corpus import corpus

from genregraph.audio.audit import audit_shard
from genregraph.audio.samples import SAMPLE_RATE, read_samples
from genregraph.datasets.sheet import Row, locate

FILES = list(corpus())
REASONS = ("unreadable: ", "empty: ", "too short: ", "non-finite: ", "silent: ", "level: ")


@pytest.fixture(scope="module")
def audited(tmp_path_factory) -> pd.DataFrame:
    """The audit's table, with the file's name, its seconds of sound, and those in its samples."""
    folder = tmp_path_factory.mktemp("corpus")
    files = {}
    for number, (name, content, _) in enumerate(FILES):
        row = Row(f"{number:03}", f"{number}/{name}", "x")
        (folder / str(number)).mkdir()
        (folder / row.path).write_bytes(content)
        files[row] = locate(folder, row.path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    table = audit_shard(files, folder, folder / "samples", 1.0, 1e-4, 60)
    table.attrs["mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before[0]) / 1024
    table.attrs["seconds"] = time.monotonic() - before[1]
    table["name"], _, table["expected"] = zip(*FILES, strict=True)
    sizes = {clip: samples.size for clip, samples in read_samples(folder / "samples")}
    table["seconds"] = table["clip"].map(sizes).fillna(0) / SAMPLE_RATE
    return table


def test_every_odd_file_is_used_or_rejected_with_a_reason(audited) -> None:
    assert len(FILES) == audited["name"].nunique() >= 200
    rejected = audited[audited["status"] == "rejected"]
    assert rejected[~rejected["problem"].str.startswith(REASONS)].empty


def test_audit_of_odd_files_takes_little_time_and_memory(audited) -> None:
    assert audited.attrs["mb"] < 150
    assert audited.attrs["seconds"] < 60


def test_no_sound_is_lost_and_none_is_found_in_what_is_no_audio(audited) -> None:
    known = audited.dropna(subset="expected")
    assert known[(known["seconds"] - known["expected"]).abs() > 0.06].empty
    good = known[(known["expected"] > 0) & ~known["name"].str.contains("junk")]
    assert good[good["problem"] != ""].empty
