"""Make the sheet of a folder of one's own: ``genre/clip.wav`` and the like."""

import shlex
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from settings.errors import UserError
from settings.sheet import AUDIO_SUFFIXES, Row, write_sheet


def rows_of(folder: Path) -> list[Row]:
    """A row for each audio file in the folder's subfolders, which name the genres.

    A clip is named by its file less the ending, with the genre before it where two genres hold
    files of one name.

    Raises
    ------
    UserError
        If there is no audio file, a name is not UTF-8, or two files of one genre differ only in
        their ending.
    """
    files = sorted(
        path
        for path in folder.glob("*/*")
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")
    )
    if not files:
        raise UserError(
            f"{folder}: no audio; it must hold a folder a genre, "
            f"each with files that end in {' '.join(AUDIO_SUFFIXES)}"
        )
    stems = Counter(path.stem for path in files)
    rows = [
        Row(
            clip=path.stem if stems[path.stem] == 1 else f"{path.parent.name}.{path.stem}",
            path=path.relative_to(folder).as_posix(),
            genre=path.parent.name,
        )
        for path in files
    ]
    unnamed = [row.path for row in rows if not _is_unicode(row.path)]
    if unnamed:
        raise UserError(f"{folder}: the name {unnamed[0]!a} is not UTF-8; rename the file")
    names = Counter(row.clip for row in rows)
    twice = [clip for clip, count in names.items() if count > 1]
    if twice:
        raise UserError(f"{folder}: more than one file of {', '.join(twice)}; remove or rename one")
    return rows


def _is_unicode(name: str) -> bool:
    """Whether a sheet can hold a name; undecodable bytes are lone surrogates in Python."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def main(
    folder: Annotated[
        Path, typer.Argument(help="Folder with a subfolder of audio for each genre.")
    ],
    output: Annotated[Path, typer.Option(help="Sheet to write, such as config/datasets/mine.tsv.")],
) -> None:
    """Make the sheet of a folder of one's own."""
    rows = rows_of(folder)
    write_sheet(rows, output)
    genres = {row.genre for row in rows}
    print(
        f"{output}: {len(rows)} clips of {len(genres)} genres. Next:\n"
        f"  {shlex.join(_next_command(folder, output))}"
    )


def _next_command(folder: Path, output: Path) -> list[str]:
    found = output == Path("config/datasets", f"{output.stem}.tsv")
    return [
        *("snakemake", "--cores", "8", "results/multiclass_compare.csv", "--config"),
        f"dataset={output.stem}",
        *([] if found else [f"sheet={output}"]),
        f"audio={folder}",
    ]
