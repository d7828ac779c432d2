"""The file of a protocol's inputs: features of every fold, as all of its models get them."""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST = 20_000  # Clips up to which all are taken for what takes time by their number's square.
OF_CLIPS = ("x", "y", "train", "clips", "groups", "artists")
SHARED = ("y", "clips", "genres", "groups", "artists")


@contextmanager
def npz_writer(path: Path) -> Iterator[Callable[[str, NDArray[Any]], None]]:
    """Yield a function of a name and an array, which it writes into an NPZ file without pickles.

    `numpy.savez` would need all arrays in memory.
    """
    with zipfile.ZipFile(path, "w") as archive:

        def write(name: str, array: NDArray[Any]) -> None:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)

        yield write


@dataclass(frozen=True)
class Inputs:
    """Inputs of a fold with n clips, d features and c genres.

    Clips of one group are never separated inside the training clips. Each clip is a group where the
    protocol's folds separate groups, too. ``artists`` are names by `folds.usable`, of which
    `datasets.groups.names_artist` says which are artist labels.
    """

    x: NDArray[np.float32]  # Prepared features, shape (n, d).
    y: NDArray[np.int64]  # Genres, as indices into ``genres``, shape (n,).
    train: NDArray[np.bool_]  # Training clips, shape (n,); the others are test clips.
    clips: NDArray[np.str_]  # Names, shape (n,).
    genres: NDArray[np.str_]  # shape (c,)
    features: NDArray[np.str_]  # shape (d,)
    groups: NDArray[np.str_]  # shape (n,)
    artists: NDArray[np.str_]  # shape (n,)

    def of(self, clips: NDArray[np.bool_] | NDArray[np.int64]) -> "Inputs":
        """Inputs of some clips alone, by a mask, shape (n,), or positions; genres stay."""
        return replace(self, **{name: getattr(self, name)[clips] for name in OF_CLIPS})


def save_inputs(
    path: Path, folds: Iterable[Inputs], keys: Sequence[tuple[int, int]], alike: bool = False
) -> None:
    """Write the inputs of all folds of a protocol to an NPZ file without pickles.

    All folds have the same clips, in one order, and ``keys`` their repeats and numbers. Where they
    are ``alike``, all have the features of the first, which are written once.
    """
    train = list[NDArray[np.bool_]]()
    with npz_writer(path) as write:
        for fold in folds:  # enumerate() would keep the fold before.
            if not train:
                for name in SHARED:
                    write(name, getattr(fold, name))
            if not train or not alike:
                write(f"x.{len(train)}", fold.x)
                write(f"features.{len(train)}", fold.features)
            train.append(fold.train)
            del fold  # The next fold's x is made when this one's is no longer in memory.
        write("keys", np.array(keys, dtype=np.int64).reshape(-1, 2))
        write("train", np.array(train))
        which = np.zeros(len(train), np.int64) if alike else np.arange(len(train), dtype=np.int64)
        write("which", which)


class InputsFile(Sequence[Inputs]):
    """The folds of a file of `save_inputs`, each read when it is asked for.

    ``keys`` are the repeat and fold of each, ``which`` the first fold that has the same ``x``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with np.load(path, allow_pickle=False) as file:
            self._shared = {name: file[name] for name in SHARED}
            self._train, self.which = file["train"], file["which"].tolist()
            self.keys = [(int(repeat), int(fold)) for repeat, fold in file["keys"]]

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, number: int) -> Inputs:  # type: ignore[override]
        """Inputs of a fold, by its place in ``keys``."""
        which = self.which[number]
        with np.load(self.path, allow_pickle=False) as file:
            x, features = file[f"x.{which}"], file[f"features.{which}"]
        return Inputs(x=x, features=features, train=self._train[number], **self._shared)


def spread_evenly(genres: ArrayLike, most: int, seed: int) -> NDArray[np.int64]:
    """Sorted positions of a sample in which each genre has its share, and at least one clip.

    Of no more clips than ``most`` all are taken.
    """
    _, genre, counts = np.unique(np.asarray(genres), return_inverse=True, return_counts=True)
    wanted = (counts * most // len(genre)).clip(1, counts)
    rng = np.random.default_rng(seed)
    own = (np.flatnonzero(genre == each) for each in range(len(counts)))
    chosen = [rng.choice(*each, replace=False) for each in zip(own, wanted, strict=True)]
    return np.sort(np.concatenate(chosen))
