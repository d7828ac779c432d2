"""CPU seconds that features of a 30 s clip take, against plain calls of the same libraries.

    OMP_NUM_THREADS=1 python benchmarks/features.py FOLDER

- handcrafted: `features.handcrafted`, against librosa's functions called one by one on the samples.
- compare: `features.compare`, against openSMILE's own call.

All take turns on one thread; of each clip the fastest turn counts. Both must give the same.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import librosa
import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from genregraph.audio.read import decode
from genregraph.features.compare import compare, extractor
from genregraph.features.handcrafted import COLUMNS, handcrafted

AIMS = {"handcrafted": "<= 0.143", "compare": "<= 1.05"}
SAME = 1e-4  # Relative; means of the harmonic and percussive signal are mere rounding.


def plain_librosa(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """The 58 features by librosa's functions, each called on the samples."""
    names = "chroma_stft rms spectral_centroid spectral_bandwidth spectral_rolloff".split()
    series = [getattr(librosa.feature, name)(y=samples) for name in names]
    series += [librosa.feature.zero_crossing_rate(samples), *librosa.effects.hpss(samples)]
    tempo = float(np.squeeze(librosa.beat.beat_track(y=samples)[0]))
    coefficients = list(librosa.feature.mfcc(y=samples, n_mfcc=20))
    both = [[v for x in xs for v in (x.mean(), x.var())] for xs in (series, coefficients)]
    return np.array([samples.size, *both[0], tempo, *both[1]])


def fastest(way: Callable[[NDArray[np.float32]], object], clips: list, turns: int) -> float:
    """CPU seconds a clip, each clip's in its fastest turn."""
    least = np.full(len(clips), np.inf)
    for _ in range(turns):
        for i, samples in enumerate(clips):
            start = time.process_time()
            way(samples)
            least[i] = min(least[i], time.process_time() - start)
    return float(least.mean())


def main(
    folder: Annotated[Path, typer.Argument(envvar="GENREGRAPH_TEST_AUDIO")],
    clips: int = 5,
    turns: int = 4,
) -> None:
    """Print seconds a clip, and ratios to what plain calls take."""
    paths = sorted(folder.rglob("*.wav"))
    samples = [decode(path).samples for path in paths[:: max(1, len(paths) // clips)][:clips]]
    smile = extractor()

    def plain_smile(y: NDArray[np.float32]) -> NDArray[np.float32]:
        return smile.process_signal(y, 22_050).to_numpy()[0]

    ways: dict[str, tuple[Callable, Callable]] = {
        "handcrafted": (lambda y: handcrafted(y, "librosa"), plain_librosa),
        "compare": (lambda y: compare(y, smile), plain_smile),
    }
    rows = []
    for name, (ours, theirs) in ways.items():
        values, expected = ours(samples[0]), theirs(samples[0])  # Which also compiles, if need be.
        kept = [c not in ("harmony_mean", "perceptr_mean") for c in COLUMNS]
        kept = kept if name == "handcrafted" else slice(None)
        np.testing.assert_allclose(values[kept], expected[kept], rtol=SAME)
        seconds = fastest(ours, samples, turns), fastest(theirs, samples, turns)
        rows.append([name, *seconds, seconds[0] / seconds[1], AIMS[name]])
    columns = ["table", "seconds a clip", "plain", "ratio", "aim"]
    print(pd.DataFrame(rows, columns=columns).round(3).to_string(index=False))


if __name__ == "__main__":
    typer.run(main)
