"""Whether the files of a crate are still what it says: ``report.verify results/<dataset>``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rocrate.rocrate import ROCrate

from genregraph.common.errors import UserError
from genregraph.report.crate import digest_of


def changed(recorded: Mapping[Path, str]) -> Iterator[str]:
    """A line a file that is missing or has another digest: SHA-256 of 64 digits, or MD5 of 32."""
    for path, digest in recorded.items():
        if not path.is_file():
            yield f"{path} is missing"
        elif digest_of(path, "md5" if len(digest) == 32 else "sha256") != digest:
            yield f"{path} has changed"


def recorded_in(folder: Path, audio: Path | None = None) -> dict[Path, str]:
    """Digests of the files of a crate, and of its audio files if their folder is given."""
    try:
        crate = ROCrate(folder)
    except (OSError, KeyError, ValueError) as error:
        make = f"snakemake --cores 2 {folder / 'ro-crate-metadata.json'}"
        raise UserError(f"{folder} is no crate ({error}); make it one with\n  {make}") from None
    recorded = {Path(e.source): e["sha256"] for e in crate.data_entities if "sha256" in e}
    if audio:
        recorded |= {audio / e["name"]: e["md5"] for e in crate.get_by_type("AudioObject")}
    return recorded


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of a dataset's results.")],
    audio: Annotated[Path | None, typer.Option(help="Folder of its audio.")] = None,
) -> None:
    """Say which results of a dataset, or audio files, differ from its crate."""
    recorded = recorded_in(folder, audio)
    faults = [f"\n  {fault}" for fault in changed(recorded)]
    if faults:
        raise UserError(f"{len(faults)} of {len(recorded)} files:{''.join(faults)}")
    typer.echo(f"{folder}: all {len(recorded)} files are as they were recorded.")
