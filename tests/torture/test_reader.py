"""Fuzz of the reader: good files of every format, truncated, spliced and overwritten at random.

GENREGRAPH_TORTURE_SECONDS says for how long; a fault is printed as the example that shows it.
"""

import itertools
import os
import resource
import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from tests.audio.conftest import encode, play
from tests.audio.corpus import SUBTYPES, written

from genregraph.audio.read import RejectedClip, check, decode
from genregraph.audio.samples import SAMPLE_RATE

SECONDS = float(os.environ.get("GENREGRAPH_TORTURE_SECONDS", 300))
SLOWEST = 5.0  # Seconds for a file of a second.
LONGEST = 60.0

pytestmark = pytest.mark.torture


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("good")
    rates, files = {"OPUS": 48_000, "GSM610": 8_000}, {}
    for kind, subtypes in SUBTYPES.items():
        for subtype in subtypes.split():
            rate = rates.get(subtype, SAMPLE_RATE)
            files[f"{kind}.{subtype}"] = written(kind, subtype, rate)
    codecs = "aac.m4a alac.m4a aac.aac wmav2.wma libopus.webm flac.ogg ac3.ac3 aac.mp4 mp2.mpg"
    for codec, extension in (name.split(".") for name in codecs.split()):
        rate = 48_000 if codec == "libopus" else 44_100
        path = encode(folder / f"a.{extension}", codec, play(1, rate, 2), rate=rate)
        files[path.name + codec] = path.read_bytes()
    return files


# What is changed at a place of a file: by what, and how.
CHANGES = {
    "set": (st.binary(min_size=1, max_size=8), lambda b, at, x: b[:at] + x + b[at + len(x) :]),
    "insert": (st.binary(min_size=1, max_size=300), lambda b, at, x: b[:at] + x + b[at:]),
    "cut": (st.integers(1, 5000), lambda b, at, n: b[:at] + b[at + n :]),
    "repeat": (st.integers(1, 5000), lambda b, at, n: b[: at + n] + b[at:]),
    "end": (st.none(), lambda b, at, _: b[:at]),
}
PLACES = st.floats(0, 1) | st.integers(0, 120)
EDITS = st.one_of(*(st.tuples(st.just(k), PLACES, what) for k, (what, _) in CHANGES.items()))


def test_reader_neither_crashes_nor_hangs_on_any_bytes(good, tmp_path) -> None:
    path, counts, start = tmp_path / "a", Counter(), time.monotonic()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    @settings(settings.get_profile("torture"), database=None, suppress_health_check=[*HealthCheck])
    @given(st.sampled_from(sorted(good)), st.lists(EDITS, min_size=1, max_size=6))
    def fuzz(name: str, edits: list) -> None:
        raw = good[name]
        for kind, place, what in edits:
            at = min(place, len(raw)) if isinstance(place, int) else int(place * len(raw))
            raw = CHANGES[kind][1](raw, at, what)
        path.write_bytes(raw)
        began = time.monotonic()
        try:
            decoded = decode(path, LONGEST)
            check(decoded.samples, 1.0, 1e-4)
            counts["read"] += 1
            assert decoded.samples.size <= LONGEST * SAMPLE_RATE
        except RejectedClip as rejection:
            counts["rejected"] += 1
            assert str(rejection)
        assert time.monotonic() - began < SLOWEST

    for number in itertools.count():
        if time.monotonic() - start >= SECONDS:
            break
        seed(number)(fuzz)()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{counts.total()} files in {SECONDS:.0f} s: {dict(counts)}; {grown:.0f} MB")
    assert grown < 500
