"""NPZ files, written array by array."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@contextmanager
def npz_writer(path: Path) -> Iterator[Callable[[str, NDArray[Any]], None]]:
    """Write an NPZ file as `numpy.savez` does, without all of its arrays in memory.

    Parameters
    ----------
    path : Path

    Yields
    ------
    callable
        Takes a name and an array, which it writes. Arrays need no pickle to be read.
    """
    with zipfile.ZipFile(path, "w") as archive:

        def write(name: str, array: NDArray[Any]) -> None:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)

        yield write
