"""The file of a fold's inputs: what every model of the fold sees."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Inputs:
    """Inputs of a fold with n clips, d features and c genres.

    Attributes
    ----------
    x : NDArray[np.float32], shape (n, d)
        Prepared features.
    y : NDArray[np.int64], shape (n,)
        Genre, as an index into ``genres``.
    train : NDArray[np.bool_], shape (n,)
        True for training clips, False for test clips.
    clips, genres, features : NDArray[np.str_], shapes (n,), (c,), (d,)
        Names.
    """

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    train: NDArray[np.bool_]
    clips: NDArray[np.str_]
    genres: NDArray[np.str_]
    features: NDArray[np.str_]

    def save(self, path: Path) -> None:
        """Write an NPZ file that needs no pickle to be read."""
        with path.open("wb") as file:
            np.savez(file, **vars(self))

    @classmethod
    def load(cls, path: Path) -> "Inputs":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            return cls(**{name: file[name] for name in file.files})
