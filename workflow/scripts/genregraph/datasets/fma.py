"""Make the sheet of FMA, the Free Music Archive's dataset, from its own metadata.

References
----------
.. [1] M. Defferrard, K. Benzi, P. Vandergheynst, X. Bresson, "FMA: A Dataset for Music Analysis",
   ISMIR 2017; metadata under CC BY 4.0, addresses and SHA-1s at https://github.com/mdeff/fma.
.. [2] https://github.com/mdeff/fma/issues/8: clips that were cut beyond the end of their track.
"""

import logging
import shlex
import zipfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated

import pandas as pd
import typer

from genregraph.common.errors import UserError
from genregraph.datasets.fetch import fetch
from genregraph.datasets.sheet import Row, new_sheet
from genregraph.datasets.unpack import DAMAGED

logger = logging.getLogger(__name__)


class Subset(StrEnum):
    """Archives of audio: of 30 s but for full, and each holding those before it."""

    small = "small"
    medium = "medium"
    large = "large"
    full = "full"


METADATA = "https://os.unil.cloud.switch.ch/fma/fma_metadata.zip"
SHA1 = "f0df49ffe5f2a6008d7dc83c6915b31835dfe733"
LARGEST = 2**30  # Bytes; more is no table of some hundred thousand tracks.
# In tracks.csv, subset is the smallest that has a track.
HOLDS = {
    Subset.small: ["small"],
    Subset.medium: ["small", "medium"],
    Subset.large: ["small", "medium", "large"],
    Subset.full: ["small", "medium", "large"],
}
# Of the 30 s of these clips there is nothing, and less than 30 s, in archives but full [2]_.
SILENT = frozenset(
    map(
        int,
        "1486 5574 65753 80391 98558 98559 98560 98571 99134 105247 108925 126981 127336 133297 "
        "143992".split(),
    )
)
SHORT = frozenset([98565, 98566, 98567, 98568, 98569, 108924])
NEEDED = [
    ("set", "subset"),
    ("set", "split"),
    ("track", "genre_top"),
    ("track", "title"),
    ("artist", "name"),
]


def read_tracks(metadata: Path) -> pd.DataFrame:
    """Table of tracks by their number, columns as `NEEDED`, from fma_metadata.zip or tracks.csv.

    Raises
    ------
    UserError
        If there is no such table.
    """
    if not metadata.is_file():
        raise UserError(f"there is no file {metadata}; correct its path, or leave --metadata out")
    try:
        if zipfile.is_zipfile(metadata):
            with zipfile.ZipFile(metadata) as archive:
                info = archive.getinfo(_tracks_in(archive))
                if info.file_size > LARGEST:
                    raise ValueError(f"{info.filename} would be {info.file_size:,} bytes")
                with archive.open(info) as file:
                    table = pd.read_csv(file, index_col=0, header=[0, 1], low_memory=False)
        else:
            table = pd.read_csv(metadata, index_col=0, header=[0, 1], low_memory=False)
        return table[NEEDED].fillna("").astype(str)
    # RuntimeError: it needs a password.
    except (KeyError, ValueError, RuntimeError, *DAMAGED) as error:
        raise UserError(
            f"{metadata}: no tracks.csv of FMA ({error}); it comes in {METADATA}"
        ) from None


def _tracks_in(archive: zipfile.ZipFile) -> str:
    names = [*archive.namelist(), "tracks.csv"]  # Beside raw_tracks.csv, which is another.
    return next(name for name in names if PurePosixPath(name).name == "tracks.csv")


def rows_of(tracks: pd.DataFrame, subset: Subset) -> list[Row]:
    """Rows of a subset's tracks that have a genre, ordered by number.

    Parameters
    ----------
    tracks : pd.DataFrame
        As `read_tracks` gives it.
    subset : Subset

    Returns
    -------
    list of Row
        The genre is the track's only top genre. A clip that is known to be broken is excluded, with
        the reason. Tracks of several top genres have none: they are left out, counted and logged.
    """
    held = tracks[tracks["set", "subset"].isin(HOLDS[subset])].sort_index()
    with_genre = held[held["track", "genre_top"] != ""]
    if len(with_genre) < len(held):
        logger.warning("left out: %d tracks of no single genre", len(held) - len(with_genre))
    return [_row(int(number), fields, subset) for number, *fields in with_genre.itertuples()]


def _row(number: int, fields: Sequence[str], subset: Subset) -> Row:
    _, split, genre, title, artist = fields
    clip = f"{number:06d}"
    return Row(
        clip=clip,
        path=f"{clip[:3]}/{clip}.mp3",
        genre=genre,
        split=split.replace("training", "train").replace("validation", "valid"),
        excluded="" if subset is Subset.full else _fault(number),
        title=" ".join(title.split()),
        artist=" ".join(artist.split()),
    )


def _fault(number: int) -> str:
    """What is known to be wrong with a clip; empty if nothing is."""
    return "no sound" if number in SILENT else "shorter than 30 s" if number in SHORT else ""


def main(
    subset: Annotated[Subset, typer.Option(help="Which clips.")],
    output: Annotated[
        Path | None, typer.Option(help="By default config/datasets/fma-SUBSET.tsv.")
    ] = None,
    metadata: Annotated[
        Path | None, typer.Option(help="fma_metadata.zip or tracks.csv; by default it is fetched.")
    ] = None,
) -> None:
    """Make the sheet of FMA."""
    if metadata is None:
        metadata = Path("resources/archives/fma_metadata.zip")
        if not metadata.exists():
            metadata.parent.mkdir(parents=True, exist_ok=True)
            fetch([METADATA], SHA1, metadata)
    rows = rows_of(read_tracks(metadata), subset)
    output = output or Path(f"config/datasets/fma-{subset}.tsv")
    new_sheet(rows, output, metadata)
    excluded = sum(bool(row.excluded) for row in rows)
    print(f"{output}: {len(rows)} clips of {len({row.genre for row in rows})} genres, of which")
    print(f"{excluded} are known to be broken.")
    command = ["snakemake", "--cores", "8", "results/multiclass_handcrafted.csv", "--config"]
    found = output == Path(f"config/datasets/fma-{subset}.tsv")
    where = [] if found else [f"sheet={output}"]
    print(f"Next:\n  {shlex.join([*command, f'dataset=fma-{subset}', *where])}")
