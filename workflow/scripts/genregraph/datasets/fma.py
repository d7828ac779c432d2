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
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from genregraph.common.errors import UserError
from genregraph.datasets.delimited import plain
from genregraph.datasets.fetch import fetch
from genregraph.datasets.sheet import Row, new_sheet
from genregraph.datasets.unpack import DAMAGED

logger = logging.getLogger(__name__)


# Archives of audio: of 30 s but for full, and each holding those before it.
Subset = StrEnum("Subset", "small medium large full")
METADATA = "https://os.unil.cloud.switch.ch/fma/fma_metadata.zip"
SHA1 = "f0df49ffe5f2a6008d7dc83c6915b31835dfe733"
# Clips of archives but full with no sound, and with less than 30 s [2]_.
SILENT = (
    *(1486, 5574, 65753, 80391, 98558, 98559, 98560, 98571, 99134, 105247, 108925, 126981),
    *(127336, 133297, 143992),
)
SHORT = (98565, 98566, 98567, 98568, 98569, 108924)
FAULTS = dict.fromkeys(SILENT, "no sound") | dict.fromkeys(SHORT, "shorter than 30 s")
# In tracks.csv, subset is the smallest that has a track.
COLUMNS = [
    *[("set", "subset"), ("set", "split"), ("track", "genre_top"), ("track", "title")],
    ("artist", "name"),
]


def read_tracks(metadata: Path) -> pd.DataFrame:
    """Table of tracks by their number, `COLUMNS`, from fma_metadata.zip or its tracks.csv."""
    if not metadata.is_file():
        raise UserError(f"there is no file {metadata}; correct its path, or leave --metadata out")
    try:
        is_zip = zipfile.is_zipfile(metadata)
        source = zipfile.Path(metadata, "fma_metadata/tracks.csv") if is_zip else metadata
        with source.open("rb") as file:
            table = pd.read_csv(file, index_col=0, header=[0, 1], low_memory=False)
        return table[COLUMNS].fillna("").astype(str)
    except (OSError, KeyError, ValueError, *DAMAGED) as error:
        why = f"no tracks.csv of FMA ({error}); it comes in {METADATA}"
        raise UserError(f"{metadata}: {why}") from None


def rows_of(tracks: pd.DataFrame, subset: Subset) -> list[Row]:
    """Rows of a subset's tracks, ordered by number.

    The genre is the track's only top genre; tracks without are left out, counted and logged. A
    clip that is known to be broken is excluded, with the reason.
    """
    subsets = [*Subset][: [*Subset].index(subset) + 1]
    held = tracks[tracks["set", "subset"].isin(subsets)].sort_index()
    with_genre = held[held["track", "genre_top"] != ""]
    if len(with_genre) < len(held):
        logger.warning("left out: %d tracks of no single genre", len(held) - len(with_genre))
    return [
        Row(
            clip=f"{number:06d}",
            path=f"{number // 1000:03d}/{number:06d}.mp3",
            genre=genre,
            split=split.replace("training", "train").replace("validation", "valid"),
            excluded="" if subset is Subset.full else FAULTS.get(number, ""),
            title=plain(title),
            artist=plain(artist),
        )
        for number, _, split, genre, title, artist in with_genre.itertuples()
    ]


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
    sheet = output or Path(f"config/datasets/fma-{subset}.tsv")
    new_sheet(rows, sheet, metadata)
    print(f"{sheet}: {len(rows)} clips of {len({row.genre for row in rows})} genres;")
    print(f"{sum(bool(row.excluded) for row in rows)} are known to be broken and excluded.")
    words = [f"dataset=fma-{subset}", *([f"sheet={output}"] if output else [])]
    target = "snakemake --cores 8 results/multiclass_handcrafted.csv --config"
    print(f"Next:\n  {target} {shlex.join(words)}")
