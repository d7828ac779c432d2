"""Some hundreds of broken and odd files: none crashes or hangs the audit, and no sound is lost."""

import resource
import time

import pandas as pd
import pytest
from tests.audio.corpus import corpus

from genregraph.audio.audit import SHELL_CHARACTERS, audit_shard
from genregraph.audio.samples import SAMPLE_RATE, read_samples
from genregraph.datasets.sheet import Row, locate

FILES = list(corpus())
REASONS = ("unreadable: ", "empty: ", "too short: ", "non-finite: ", "silent: ", "level: ")


@pytest.fixture(scope="module")
def audited(tmp_path_factory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for number, odd in enumerate(FILES):
        genre = folder / str(number)
        genre.mkdir()
        (genre / odd.name).write_bytes(odd.content)
        rows.append(Row(f"{number:03}", f"{number}/{odd.name}", "x"))
    files = {row: locate(folder, row.path) for row in rows}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    table = audit_shard(files, folder, folder / "samples", 1.0, 1e-4, 60)
    table.attrs["mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before[0]) / 1024
    table.attrs["seconds"] = time.monotonic() - before[1]
    clips = read_samples(folder / "samples")
    table.attrs["samples"] = {clip: samples.size for clip, samples in clips}
    return table.set_index("clip")


def test_every_file_is_used_or_refused_with_a_reason(audited) -> None:
    assert len(FILES) >= 200
    assert len({odd.name for odd in FILES}) == len(FILES) == len(audited)
    unexplained = [
        row.path
        for row in audited.itertuples()
        if row.status == "rejected" and not row.problem.startswith(REASONS)
    ]
    assert unexplained == []


def test_it_takes_little_time_and_memory(audited) -> None:
    assert audited.attrs["mb"] < 150
    assert audited.attrs["seconds"] < 60


def heard(audited: pd.DataFrame, number: int) -> float:
    return audited.attrs["samples"].get(f"{number:03}", 0) / SAMPLE_RATE


def test_no_sound_is_lost(audited) -> None:
    lost = [
        (odd.name, odd.seconds, heard(audited, i), audited.loc[f"{i:03}", "problem"])
        for i, odd in enumerate(FILES)
        if odd.seconds and abs(heard(audited, i) - odd.seconds) > 0.06
    ]
    assert lost == []


def test_what_is_no_audio_is_refused(audited) -> None:
    taken = [odd.name for i, odd in enumerate(FILES) if odd.seconds == 0 and heard(audited, i)]
    assert taken == []


def test_good_files_have_no_problem(audited) -> None:
    problems = {
        odd.name: audited.loc[f"{i:03}", "problem"]
        for i, odd in enumerate(FILES)
        if odd.seconds and not SHELL_CHARACTERS.intersection(odd.name) and "junk" not in odd.name
    }
    assert {name: problem for name, problem in problems.items() if problem} == {}
