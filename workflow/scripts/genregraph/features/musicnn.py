"""Tags by MSD_musicnn: 50 probabilities, their mean and deviation over a clip's windows.

The network, trained on the Million Song Dataset, is rebuilt here in PyTorch, and computes what the
original computes in TensorFlow, but that loud music does not overflow. Its weights are those of the
package musicnn 0.1.0, under the ISC licence (config/weights/musicnn.LICENSE.txt).

References
----------
.. [1] J. Pons & X. Serra, "musicnn: Pre-trained convolutional neural networks for music audio
   tagging", ISMIR 2019 late-breaking demo.
.. [2] J. Pons et al., "End-to-end learning for music audio tagging at scale", ISMIR 2018.
"""

import hashlib
import re
from pathlib import Path

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load as tensors_of
from torch import Tensor, nn

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.common.device import reproducibly
from genregraph.common.errors import UserError
from genregraph.features.table import Clips, Cut, Output, write_shard

WEIGHTS = Path(__file__).parents[4] / "config/weights/musicnn.safetensors"
SHA256 = "d09110b1b1a453d152939d5f98053e44f92e24e32c89f8525879c143e5711068"

RATE = 16_000  # Hz
MELS = 96
WINDOW = 187  # frames: 3 s

# In the network's order.
TAGS = (
    "rock, pop, alternative, indie, electronic, female vocalists, dance, 00s, "
    "alternative rock, jazz, beautiful, metal, chillout, male vocalists, classic rock, soul, "
    "indie rock, Mellow, electronica, 80s, folk, 90s, chill, instrumental, punk, oldies, "
    "blues, hard rock, ambient, acoustic, experimental, female vocalist, guitar, Hip-Hop, "
    "70s, party, country, easy listening, sexy, catchy, funk, electro, heavy metal, "
    "Progressive rock, 60s, rnb, indie pop, sad, House, happy"
).split(", ")
NAMES = [re.sub("[ -]", "_", tag.lower()) for tag in TAGS]
COLUMNS = [f"{name}_{statistic}" for statistic in ("mean", "std") for name in NAMES]


class Block(nn.Module):
    """Convolution, ReLU, batch normalisation, and the maximum over frequency, at each time."""

    def __init__(self, filters: int, time: int, frequency: int) -> None:
        super().__init__()
        self.padding = (0, 0, (time - 1) // 2, time // 2)
        self.convolution = nn.Conv2d(1, filters, (time, frequency))
        self.norm = nn.BatchNorm2d(filters, eps=1e-3)

    def forward(self, maps: Tensor) -> Tensor:
        """From shape (n, t, frequencies) to shape (n, filters, t)."""
        padded = nn.functional.pad(maps[:, None], self.padding)
        return self.norm(self.convolution(padded).relu_()).amax(dim=3)


class Network(nn.Module):
    """MSD_musicnn."""

    def __init__(self) -> None:
        super().__init__()
        self.input_norm = nn.BatchNorm2d(1, eps=1e-3)
        # Timbre: wide in frequency. Rhythm: long in time.
        timbral = [Block(204, 7, int(share * MELS)) for share in (0.4, 0.7)]
        temporal = [Block(51, length, 1) for length in (128, 64, 32)]
        self.front = nn.ModuleList([*timbral, *temporal])
        self.middle = nn.ModuleList([Block(64, 7, inputs) for inputs in (561, 64, 64)])
        self.pooled_norm = nn.BatchNorm1d(2 * 753, eps=1e-3)
        self.hidden = nn.Linear(2 * 753, 200)
        self.hidden_norm = nn.BatchNorm1d(200, eps=1e-3)
        self.tags = nn.Linear(200, len(TAGS))
        self.eval()

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Tags' probabilities, of shape (n, 50), of windows of `log_mel`, of shape (n, t, 96).

        And the channels' maximum and mean over time, each of shape (n, 753).
        """
        normed = self.input_norm(windows[:, None])[:, 0]
        front = torch.cat([block(normed) for block in self.front], dim=1)
        channels = [front, self.middle[0](front.mT)]
        for block in self.middle[1:]:
            channels.append(channels[-1] + block(channels[-1].mT))
        features = torch.cat(channels, dim=1)
        maximum, mean = features.amax(dim=2), features.mean(dim=2)
        pooled = self.pooled_norm(torch.stack([maximum, mean], dim=2).flatten(1))
        hidden = self.hidden_norm(self.hidden(pooled).relu())
        return self.tags(hidden).sigmoid(), maximum, mean


def load(path: Path = WEIGHTS) -> Network:
    """The network with its weights, of the file that is shipped."""
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise UserError(f"{path} is not the file of this version: copy or check it out anew")
    network = Network()
    network.load_state_dict(tensors_of(content))
    return network


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mel spectrogram as the network was trained on it, ``log10(10000 mel + 1)``, of shape (t, 96).

    Mel bands are from 0 to 8,000 Hz, a frame each 16 ms; 0 if silent. The original rounds the
    spectrogram to half precision and goes on in it: ``10000 mel`` overflows above mel 6.5, as in
    loud music. Here it is rounded, and goes on in single precision.
    """
    resampled = librosa.resample(samples, orig_sr=SAMPLE_RATE, target_sr=RATE)
    mel = librosa.feature.melspectrogram(
        y=resampled, sr=RATE, n_fft=512, hop_length=256, n_mels=MELS
    )
    loudest = float(np.finfo(np.float16).max)
    rounded = np.minimum(mel.T, loudest).astype(np.float16).astype(np.float32)
    return np.log10(10_000 * rounded + 1)


def windows(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Windows of a spectrogram of shape (t, 96), in an array of shape (n, 187, 96).

    Like the original's they do not overlap: GTZAN's classifiers gain nothing by windows that do.
    Frames that fill none are repeated until they do; what follows the last full one is left out.
    """
    if len(frames) < WINDOW:
        frames = np.resize(frames, (WINDOW, MELS))
    return np.stack([frames[i * WINDOW :][:WINDOW] for i in range(len(frames) // WINDOW)])


def activations(samples: NDArray[np.float32], network: Network) -> list[NDArray[np.float32]]:
    """What `Network.forward` gives for a clip's n windows: tags, and channels' maximum and mean.

    Each is run by itself, which is no slower: its activations depend on no other, to the last bit.
    """
    with torch.inference_mode():
        each = [network(window[None]) for window in torch.from_numpy(windows(log_mel(samples)))]
    return [torch.cat(one).numpy() for one in zip(*each, strict=True)]


def musicnn(samples: NDArray[np.float32], network: Network) -> NDArray[np.float32]:
    """Tags of a clip, mono at 22,050 Hz, which is repeated if shorter than 3 s.

    A value for each of `COLUMNS`, of shape (100,): means of the tags' probabilities over windows,
    then their standard deviations with divisor n, which are 0 if there is one window, as in 3 s.
    """
    tags, _, _ = activations(samples, network)
    return np.concatenate([tags.mean(axis=0), tags.std(axis=0)])


def main(samples: Clips, cut: Cut, output: Output) -> None:
    """Compute the tags of a shard's clips."""
    network = load()
    with reproducibly(seed=0):
        write_shard(samples, cut, output, COLUMNS, lambda piece: musicnn(piece, network))
