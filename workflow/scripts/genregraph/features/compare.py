"""ComParE 2016: 6,373 functionals of low-level descriptors, by openSMILE.

References
----------
.. [1] B. Schuller et al., "The INTERSPEECH 2016 Computational Paralinguistics Challenge",
   Interspeech 2016.
.. [2] F. Eyben, M. Wöllmer, B. Schuller, "openSMILE: the Munich versatile and fast open-source
   audio feature extractor", ACM Multimedia 2010.
"""

import numpy as np
import opensmile
from numpy.typing import NDArray

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.features.table import Clips, Cut, Output, write_shard


def extractor() -> opensmile.Smile:
    """The ComParE 2016 extractor; one a process, since it is not safe to share among threads."""
    return opensmile.Smile(opensmile.FeatureSet.ComParE_2016, opensmile.FeatureLevel.Functionals)


def compare(samples: NDArray[np.float32], smile: opensmile.Smile) -> NDArray[np.float32]:
    """ComParE 2016 functionals of a clip, in the order of ``smile.feature_names``.

    Samples are mono, at 22,050 Hz, in [-1, 1], 60 ms or more. A `RuntimeError` if openSMILE lacks
    memory.
    """
    values = smile.process_signal(samples, SAMPLE_RATE).to_numpy()[0]
    if np.isnan(values).all():
        raise RuntimeError("openSMILE gave no features and no reason: is memory short?")
    return values


def main(samples: Clips, cut: Cut, output: Output) -> None:
    """Compute the ComParE 2016 functionals of a shard's clips."""
    smile = extractor()
    write_shard(samples, cut, output, smile.feature_names, lambda piece: compare(piece, smile))
