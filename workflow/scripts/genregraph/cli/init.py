"""From a folder of music, or a table of features, to a sheet and a configuration.

Genres are the folders in a folder, or what the files' tags say: of files that lie in no folder, and
of all where the folders are named like the artists in the tags.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer
from tqdm import tqdm

from genregraph.audio.tags import Tags, read_tags
from genregraph.cli import from_table
from genregraph.cli.project import (
    HOME,
    as_typed_by_hand,
    configuration_text,
    dataset_name,
    genregraph,
    snakemake,
)
from genregraph.common import contents
from genregraph.common.errors import UserError
from genregraph.config.merge import merged, read_yaml
from genregraph.datasets.delimited import plain
from genregraph.datasets.folder import audio_files, counted, is_unicode
from genregraph.datasets.groups import normalised
from genregraph.datasets.row import Row
from genregraph.datasets.sheet import appended, checked, read_sheet, shards_for, write_sheet
from genregraph.plan.steps import write_if_new

SHEETS = Path("config/datasets")
IN_A_SHARD = 30  # Clips, where there are few.
TARGET = "results/multiclass_knn.csv"
REPORT = "results/report.html"  # Of a table: which experiment there is depends on its name.


def music_in(folder: Path) -> tuple[list[Row], list[str]]:
    """Clips of a folder, from its folders and tags, ordered by path; and what is passed over.

    Raises
    ------
    UserError
        If no file has a genre.
    """
    found, passed_over = audio_files(folder)
    files = [file for file in found if is_unicode(str(file))]
    odd = [str(file) for file in found if not is_unicode(str(file))]
    tags = {
        file: read_tags(folder / file)
        for file in tqdm(files, desc="tags", unit="file", disable=None)
    }
    by_folder = folders_are_genres(tags)
    rows = [stated(file, tags[file], by_folder) for file in files]
    without = [row.path for row in rows if not row.genre]
    rows = named([row for row in rows if row.genre])
    if not rows:
        raise UserError(
            f"{folder}: no audio of which a folder or a tag tells the genre; make a folder for "
            "each genre, or write genres into the files' tags"
        )
    passed_over |= {"with a name that is not UTF-8": odd} if odd else {}
    passed_over |= {"without a genre, which a folder or a tag can name": without} if without else {}
    return rows, counted(passed_over)


def folders_are_genres(tags: Mapping[PurePosixPath, Tags]) -> bool:
    """Whether the folders of files name genres, and not artists.

    They are artists where most files that state an artist lie in a folder of that name, and numbers
    of tracks where FMA's folders are.
    """
    inside = {file: tag for file, tag in tags.items() if len(file.parts) > 1}
    by_artist = [
        normalised(file.parts[0]) == normalised(tag.artist)
        for file, tag in inside.items()
        if tag.artist
    ]
    by_number = [
        bool(re.fullmatch(r"\d{6}", file.stem)) and file.parent.name == file.stem[:3]
        for file in inside
    ]
    return all(2 * sum(each) <= len(each) for each in (by_artist, by_number))


def stated(file: PurePosixPath, tags: Tags, by_folder: bool) -> Row:
    """What folders and tags say of a file; its clip has no name yet."""
    folders = file.parts[:-1]
    genre, artist = tags.genre, tags.artist
    if by_folder and folders:
        genre, artist = folders[0], tags.artist or "".join(folders[1:2])
    elif folders:
        artist = tags.artist or folders[0]
    return Row(clip="", path=str(file), genre=plain(genre), artist=artist, title=tags.title)


def named(rows: Sequence[Row]) -> list[Row]:
    """Rows with names of clips, no longer than needed."""
    files = [PurePosixPath(row.path) for row in rows]
    forms = [
        (
            file.stem,
            ".".join([*file.parts[:-1][:1], file.stem]),
            ".".join(file.with_suffix("").parts),
        )
        for file in files
    ]
    counts = Counter(name for form in forms for name in set(form[:2]))
    short = [next((name for name in form[:2] if counts[name] == 1), form[2]) for form in forms]
    counts = Counter(short)
    return [
        replace(row, clip=clip if counts[clip] == 1 else ".".join(file.parts))
        for row, clip, file in zip(rows, short, files, strict=True)
    ]


def marked(
    rows: Sequence[Row], folder: Path, known: Sequence[Row] = ()
) -> tuple[list[Row], list[list[str]]]:
    """New rows with the MD5 of clips that others are copies of, all but the first of them excluded.

    Parameters
    ----------
    rows : sequence of Row
    folder : Path
    known : sequence of Row
        Of a sheet, which come before all others and stay as they are.

    Returns
    -------
    rows : list of Row
    alike : list of list of str
        Clips of the same content, also known ones.
    """
    clips = {row.path: row.clip for row in [*known, *rows]}
    alike = copies_in(folder, clips)
    copies = {path: (md5, paths[0]) for md5, paths in alike.items() for path in paths}
    found = []
    for row in rows:
        md5, first = copies.get(row.path, ("", row.path))
        reason = "" if first == row.path else f"a copy of {clips[first]}"
        found.append(replace(row, md5=md5, excluded=reason))
    return found, [[clips[path] for path in paths] for paths in alike.values()]


def copies_in(folder: Path, files: Iterable[str]) -> dict[str, list[str]]:
    """Files of the same content, by its MD5; those alone are read whose size others have."""
    sizes: dict[int, list[str]] = defaultdict(list)
    for file in files:
        with suppress(OSError):
            sizes[(folder / file).stat().st_size].append(file)
    found: dict[str, list[str]] = defaultdict(list)
    for file in (file for alike in sizes.values() if len(alike) > 1 for file in alike):
        with suppress(OSError):
            found[contents.md5(folder / file)].append(file)
    return {md5: alike for md5, alike in found.items() if len(alike) > 1}


def of_folder(folder: Path, name: str, sheet: Path, config: Path) -> list[str]:
    """Write the sheet of a folder, and the configuration if there is none; gives notes.

    A sheet that is there gets the clips that it does not have; see `datasets.sheet.appended`.
    """
    rows, passed_over = music_in(folder)
    known = read_sheet(sheet) if sheet.exists() else []
    paths, taken = {row.path for row in known}, {row.clip for row in known}
    new = [
        replace(row, clip=".".join(PurePosixPath(row.path).parts)) if row.clip in taken else row
        for row in rows
        if row.path not in paths
    ]
    new, copies = marked(new, folder, known)
    with checked(sheet, folder) as aside:
        if known:
            aside.write_bytes(appended(sheet.read_bytes(), new))
        else:
            write_sheet(new, aside)
    merged_rows = read_sheet(sheet)
    if not config.exists():
        write_if_new(config, configuration(name, folder, sheet, len(merged_rows)))
    notes = [f"passed over: {line}" for line in passed_over]
    notes += [f"the same content: {', '.join(map(repr, clips))}" for clips in copies]
    if gone := sorted(paths - {row.path for row in rows}):
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        notes.append(f"in the sheet, but not in the folder: {gone[0]!r}{more}")
    return [*of_sheet(merged_rows, sheet, f", {len(new)} of them new" if known else ""), *notes]


def of_sheet(rows: Sequence[Row], sheet: Path, added: str = "") -> list[str]:
    """What there is to say of a sheet, in lines."""
    genres = {row.genre for row in rows}
    artists = {normalised(row.artist) for row in rows} - {""}
    of_artists = f" and {len(artists)} artists" if artists else ""
    first = f"{sheet}: {len(rows)} clips of {len(genres)} genres{of_artists}{added}."
    unknown = "no artist is known: protocol clean will take each clip for an artist of its own"
    return [first, *([] if artists else [unknown])]


def configuration(name: str, folder: Path, sheet: Path, clips: int) -> str:
    """Text of the configuration of a dataset; as many shards for good, whatever is added later."""
    shards = min(max(2, clips // IN_A_SHARD), shards_for(clips))
    facts = {name: {"shards": shards}}
    return configuration_text(
        {"dataset": name, "sheet": sheet.as_posix(), "audio": str(folder), "datasets": facts}
    )


def new_name(source: Path, name: str | None) -> str:
    """Name of a dataset, by default that of its folder or table.

    Raises
    ------
    UserError
        If it is that of another dataset.
    """
    others = merged([HOME, Path()], {}).get("datasets", {})
    # As it is called here, also where that is a link.
    path = Path(os.path.normpath(source.absolute()))
    found = dataset_name(name or (path.stem if source.is_file() else path.name))
    if found in others and not name:
        found += "-mine"
    config = SHEETS / f"{found}.yaml"
    audio = read_yaml(config).get("audio") if config.exists() else None
    if found in others:
        raise UserError(f"there is a dataset {found} already; give this one another: --name NAME")
    if audio is not None and os.path.realpath(str(audio)) != os.path.realpath(source):
        raise UserError(
            f"{config} is that of the folder {audio}; give this one another name: --name NAME"
        )
    return found


def main(
    source: Annotated[Path, typer.Argument(help="Folder of music, or a table of features.")],
    name: Annotated[str | None, typer.Option(help="Of the dataset; else the source's.")] = None,
    genre: Annotated[str, typer.Option(help="Column of a table that names genres.")] = "",
    artist: Annotated[str, typer.Option(help="Column of a table that names artists.")] = "",
    clip: Annotated[str, typer.Option(help="Column of a table that names clips.")] = "",
    drop: Annotated[
        list[str] | None, typer.Option(help="Columns of a table that are no features.")
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="Columns that are, though they look like a label.")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="Genre to leave out.")] = None,
) -> None:
    """Make a sheet and a configuration of a folder of music, or of a table of features."""
    if not source.exists():
        raise UserError(f"there is no folder or table {source}; correct its path")
    dataset = new_name(source, name)
    sheet, config = SHEETS / f"{dataset}.tsv", SHEETS / f"{dataset}.yaml"
    if source.is_dir():
        if genre or artist or clip or drop or keep or without:
            raise UserError(f"{source} is a folder, which has no columns; leave their options out")
        lines = of_folder(source, dataset, sheet, config)
    elif not genre:
        raise UserError(f"{source}: say which column names the genres: --genre COLUMN")
    else:
        lines = from_table.make(
            source, sheet, (genre, artist, clip), drop or [], keep or [], without or []
        )
        lines = [*of_sheet(read_sheet(sheet), sheet), *lines]
    print("\n".join([*lines, f"{config}: the configuration.", "Next:"]))
    print(f"  {genregraph('check', '--configfile', str(config))}")
    target = TARGET if source.is_dir() else REPORT
    print(f"  {as_typed_by_hand(snakemake(target, [config]))}")
