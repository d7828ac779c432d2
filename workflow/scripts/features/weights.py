"""Take the weights of MSD_musicnn out of the published package; none of its code is run.

The package [1]_ needs a TensorFlow and a NumPy of 2019, so it cannot be installed beside what this
workflow uses. Its weights are under the ISC licence, whose notice stands in the file written here.

References
----------
.. [1] J. Pons & X. Serra, "musicnn: Pre-trained convolutional neural networks for music audio
   tagging", ISMIR 2019 late-breaking demo.
"""

import hashlib
import logging
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from safetensors.numpy import save

from features.checkpoint import read_tensors
from settings.errors import UserError

logger = logging.getLogger(__name__)

PACKAGE = "musicnn==0.1.0"
WHEEL = "musicnn-0.1.0-py3-none-any.whl"
SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
MODEL = "musicnn/MSD_musicnn/"
LICENCE = "musicnn-0.1.0.dist-info/LICENSE.md"
# Of a layer; the checkpoint also holds what the optimiser remembered of each.
PARAMETERS = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")


def download(folder: Path) -> Path:
    """Download the package's wheel with pip, which compares its hash.

    Parameters
    ----------
    folder : Path
        Where it goes.

    Returns
    -------
    Path
        The wheel.

    Raises
    ------
    UserError
        If pip cannot get it; says why not, and what to do by hand.
    """
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input"]
    # A source distribution would be asked for its metadata, and so be run.
    only_this = ["--no-deps", "--only-binary=:all:", "--require-hashes"]
    done = subprocess.run(
        [*pip, *only_this, "--dest", str(folder), "--requirement", str(wanted)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UserError(f"pip could not download {PACKAGE}:\n{done.stdout.strip()}\n{_by_hand()}")
    return folder / WHEEL


def _by_hand() -> str:
    return (
        f"By hand: get {WHEEL} (SHA-256 {SHA256}) where there is a network, by 'pip download "
        f"--no-deps {PACKAGE}', and name it with --config 'musicnn={{wheel: FILE}}'"
    )


def take_out(wheel: Path) -> tuple[dict[str, NDArray[np.float32]], str]:
    """Weights and licence in a wheel of the package.

    Parameters
    ----------
    wheel : Path

    Returns
    -------
    weights : dict of str to NDArray[np.float32]
        By the names and in the shapes of TensorFlow: ``conv2d/kernel`` is of shape (time,
        frequency, inputs, filters), ``dense/kernel`` of shape (inputs, outputs).
    licence : str

    Raises
    ------
    UserError
        If the file is missing, or is not that very wheel.
    """
    if not wheel.is_file():
        raise UserError(f"musicnn.wheel: there is no file {wheel}. {_by_hand()}")
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise UserError(f"{wheel}: its SHA-256 is {found}. {_by_hand()}")
    with zipfile.ZipFile(wheel) as packed:
        index = packed.read(f"{MODEL}.index")
        values = packed.read(f"{MODEL}.data-00000-of-00001")
        licence = packed.read(LICENCE).decode()
    tensors = read_tensors(index, values)
    weights = {name: tensors[name] for name in tensors if name.split("/")[-1] in PARAMETERS}
    return weights, licence


def main(
    output: Annotated[Path, typer.Option(help="Weights, to be written (safetensors).")],
    wheel: Annotated[
        Path | None, typer.Option(help="The package's wheel; by default pip downloads it.")
    ] = None,
) -> None:
    """Take the weights of MSD_musicnn out of the published package."""
    with tempfile.TemporaryDirectory() as folder:
        weights, licence = take_out(wheel.expanduser() if wheel else download(Path(folder)))
    # One entry: several would stand in another order each time.
    output.write_bytes(save(weights, metadata={"licence": licence}))
    count = sum(values.size for values in weights.values())
    logger.info("%s: %d tensors, %d parameters", output, len(weights), count)
