"""Whether the files of a crate are still what it says: ``report.verify results/<dataset>``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rocrate.rocrate import ROCrate

from genregraph.common.contents import md5
from genregraph.common.errors import UserError
from genregraph.report.crate import sha256


def changed(recorded: Mapping[Path, str]) -> Iterator[str]:
    """Files that are missing or not what was recorded, each in a line.

    Parameters
    ----------
    recorded : mapping of Path to str
        Digest of each file: SHA-256 of 64 hexadecimal digits, or MD5 of 32.
    """
    for path, digest in recorded.items():
        if not path.is_file():
            yield f"{path} is missing"
        elif (md5 if len(digest) == 32 else sha256)(path) != digest:
            yield f"{path} has changed"


def recorded_in(folder: Path) -> dict[Path, str]:
    """SHA-256 of the files of a crate.

    Raises
    ------
    UserError
        If there is no crate in the folder, or it cannot be read.
    """
    try:
        found = ROCrate(folder)
    except (OSError, KeyError, ValueError) as error:
        raise UserError(
            f"{folder} is no crate ({error}); make it one with\n"
            f"  snakemake --cores 2 {folder / 'ro-crate-metadata.json'}"
        ) from None
    return {Path(e.source): e["sha256"] for e in found.data_entities if "sha256" in e}


def audio_in(folder: Path, audio: Path) -> dict[Path, str]:
    """MD5 of the audio files that a crate's results were computed from, in an audio folder."""
    found = ROCrate(folder).get_by_type("AudioObject")
    return {audio / entity["name"]: entity["md5"] for entity in found}


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of a dataset's results.")],
    audio: Annotated[
        Path | None, typer.Option(help="Folder of the audio, to look at that, too.")
    ] = None,
) -> None:
    """Say which results of a dataset, or audio files, are not what its crate recorded."""
    recorded = recorded_in(folder) | (audio_in(folder, audio) if audio else {})
    faults = list(changed(recorded))
    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise UserError(f"{len(faults)} of {len(recorded)} files:\n{lines}")
    typer.echo(f"{folder}: all {len(recorded)} files are as they were recorded.")
