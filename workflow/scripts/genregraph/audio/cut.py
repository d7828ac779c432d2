"""Segment length: complete clips (``30s``) or segments of three seconds (``3s``)."""

from collections.abc import Iterator
from pathlib import Path

from genregraph.audio.samples import SAMPLE_RATE, Samples, read_samples

SEGMENT = 3 * SAMPLE_RATE
MOST_SEGMENTS = 10


def windows(samples: int, cut: str) -> list[tuple[int, int]]:
    """Start and length of each piece of a clip, in samples at 22,050 Hz.

    ``3s`` follows the public 3-second table of GTZAN: piece ``i`` is
    ``[i * 66150, (i + 1) * 66150 - 1)``, kept while ``(i + 1) * 66150`` is less than the length,
    ten at most. The rule was recovered from the table, whose 9,990 rows it reproduces.

    Examples
    --------
    >>> windows(661_794, "30s")
    [(0, 661794)]
    >>> windows(140_000, "3s")
    [(0, 66149), (66150, 66149)]
    """
    if cut == "30s":
        return [(0, samples)]
    count = min((samples - 1) // SEGMENT, MOST_SEGMENTS)
    return [(i * SEGMENT, SEGMENT - 1) for i in range(count)]


def piece_name(clip: str, index: int, cut: str) -> str:
    """Name of a piece: the clip's own, or ``<clip>.<index>`` for a segment."""
    return clip if cut == "30s" else f"{clip}.{index}"


def read_pieces(path: Path, cut: str) -> Iterator[tuple[str, Samples]]:
    """Pieces of all clips in a file of samples: name, and samples of shape (n,)."""
    for clip, samples in read_samples(path):
        for index, (start, length) in enumerate(windows(samples.size, cut)):
            yield piece_name(clip, index, cut), samples[start : start + length]
