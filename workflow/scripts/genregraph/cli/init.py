"""From a folder of music, or a table of features, to a sheet and a configuration.

Genres are the folders in a folder, or what the files' tags say: of files that lie in no folder, and
of all where the folders are named like the artists in the tags.
"""

import os
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer
from tqdm import tqdm

from genregraph.audio.audit import md5
from genregraph.audio.tags import Tags, read_tags
from genregraph.cli import from_table, project
from genregraph.common.errors import UserError, first_few
from genregraph.config.load import merged, read_yaml
from genregraph.datasets.delimited import plain
from genregraph.datasets.groups import normalised
from genregraph.datasets.listing import audio_files, counted, is_unicode
from genregraph.datasets.sheet import Row, appended, read_sheet, save_sheet, shards_for, sheet_of
from genregraph.datasets.tidy import PARTS

SHEETS = Path("config/datasets")


def music_in(folder: Path, by_tags: bool = False) -> tuple[list[Row], list[str]]:
    """Clips of a folder by its folders and tags, and notes; a `UserError` if none has a genre."""
    audio, others = audio_files(folder)
    if others and not audio:
        raise UserError(
            f"{folder} has no audio of a kind that is read, but {'; '.join(counted(others))}; "
            "convert what is music, as by ffmpeg -i FILE FILE.flac"
        )
    files = [file for file in audio if is_unicode(str(file))]
    shown = tqdm(files, desc="tags", unit="file", disable=None)
    tags = {file: read_tags(folder / file) for file in shown}
    by_folder = not by_tags and folders_are_genres(tags)
    is_split = all(len(file.parts) > 2 and file.parts[0].casefold() in PARTS for file in files)
    rows = [stated(file, tags[file], by_folder, is_split) for file in files]
    others |= {
        "with a name that is not UTF-8": [str(f) for f in audio if not is_unicode(str(f))],
        "without a genre, which a folder or a tag can name": [r.path for r in rows if not r.genre],
    }
    rows = named([row for row in rows if row.genre])
    if not rows:
        raise UserError(f"{folder}: no audio has a genre; name it by a folder, or in the tags")
    doubts = _doubts(folder, rows, tags) if by_folder else []
    unread = [str(file) for file in files if tags[file].undecodable]
    doubts += counted({"with tags in an unknown encoding, which are not used": unread})
    return rows, [*(f"passed over: {line}" for line in counted(others)), *doubts]


def _doubts(folder: Path, rows: Sequence[Row], tags: Mapping[PurePosixPath, Tags]) -> list[str]:
    """That folders may be no genres: all in one of them, or not those of the tags."""
    doubts = []
    parents = {PurePosixPath(row.path).parent for row in rows}
    common = os.path.commonpath(parents)
    if common and len(parents) > 1:
        doubts.append(f"all is in {common}: if its folders are genres, name it: {folder / common}")
    by_tag = {row.path: tags[PurePosixPath(row.path)].genre for row in rows}
    differing = [r for r in rows if by_tag[r.path].casefold() not in ("", r.genre.casefold())]
    if 2 * len(differing) > len(rows):
        genres = first_few(list(map(repr, sorted({*by_tag.values()} - {""}))), 3)
        some = f"{len(differing)} of {len(rows)} files state others ({genres})"
        doubts.append(f"genres are the folders; tags of {some}: to take them, add --by-tags")
    return doubts


def folders_are_genres(tags: Mapping[PurePosixPath, Tags]) -> bool:
    """Whether folders name genres: not the artists of most files' tags, nor numbers, as FMA's."""
    inside = {file: tag.artist for file, tag in tags.items() if len(file.parts) > 1}
    by_artist = [normalised(f.parts[0]) == normalised(name) for f, name in inside.items() if name]
    paths = (f"{file.parent.name}/{file.stem}" for file in inside)
    by_number = [bool(re.fullmatch(r"(\d{3})/\1\d{3}", path)) for path in paths]
    return all(2 * sum(each) <= len(each) for each in (by_artist, by_number))


def stated(file: PurePosixPath, tags: Tags, by_folder: bool, is_split: bool) -> Row:
    """What folders and tags say of a file; its clip has no name yet."""
    part = PARTS[file.parts[0].casefold()] if is_split else ""
    folders = file.parts[1 if is_split else 0 : -1]
    genre, artist = tags.genre, tags.artist
    if by_folder and folders:
        genre, artist = folders[0], tags.artist or "".join(folders[1:2])
    elif folders:
        artist = tags.artist or folders[0]
    return Row("", str(file), plain(genre), artist=artist, title=tags.title, split=part)


def named(rows: Sequence[Row]) -> list[Row]:
    """Rows with names of clips: of the file, else with its folders, else with its extension."""
    files = [PurePosixPath(row.path) for row in rows]
    stems = Counter(file.stem for file in files)
    short = [f.stem if stems[f.stem] == 1 else ".".join(f.with_suffix("").parts) for f in files]
    counts = Counter(short)
    return [
        replace(row, clip=clip if counts[clip] == 1 else ".".join(file.parts))
        for row, clip, file in zip(rows, short, files, strict=True)
    ]


def marked(
    rows: Sequence[Row], folder: Path, known: Sequence[Row] = ()
) -> tuple[list[Row], list[list[str]]]:
    """New rows, with copies' MD5 and all but the first excluded; and clips of the same content.

    Known rows of a sheet come first, and stay as they are.
    """
    clips = {row.path: row.clip for row in [*known, *rows]}
    alike = copies_in(folder, clips)
    copies = {path: (md5, paths[0]) for md5, paths in alike.items() for path in paths}
    new = []
    for row in rows:
        md5, first = copies.get(row.path, ("", row.path))
        excluded = "" if first == row.path else f"a copy of {clips[first]}"
        new.append(replace(row, md5=md5, excluded=excluded))
    return new, [[clips[path] for path in paths] for paths in alike.values()]


def copies_in(folder: Path, files: Iterable[str]) -> dict[str, list[str]]:
    """Files of the same content, by its MD5; those alone are read whose size others have."""
    sizes: dict[int, list[str]] = defaultdict(list)
    for file in files:
        with suppress(OSError):
            sizes[(folder / file).stat().st_size].append(file)
    digests: dict[str, list[str]] = defaultdict(list)
    for file in (file for alike in sizes.values() if len(alike) > 1 for file in alike):
        with suppress(OSError):
            digests[md5(folder / file)].append(file)
    return {digest: alike for digest, alike in digests.items() if len(alike) > 1}


def of_folder(folder: Path, sheet: Path, by_tags: bool) -> list[str]:
    """Write the sheet of a folder, or add clips to it, and a configuration if none; gives notes."""
    rows, notes = music_in(folder, by_tags)
    known = read_sheet(sheet) if sheet.exists() else []
    paths, taken = {row.path for row in known}, {row.clip for row in known}
    new = [
        replace(row, clip=".".join(PurePosixPath(row.path).parts)) if row.clip in taken else row
        for row in rows
        if row.path not in paths
    ]
    new, copies = marked(new, folder, known)
    content = appended(sheet.read_bytes(), new) if known else sheet_of(new)
    saved = save_sheet(content, sheet, folder) if new else known
    if not sheet.with_suffix(".yaml").exists():
        # Of 30 clips where there are few; as many shards for good, whatever is added later.
        shards = min(max(2, len(saved) // 30), shards_for(len(saved)))
        facts = {sheet.stem: {"shards": shards}}
        project.write_configuration(sheet, audio=str(folder), datasets=facts)
    notes += [f"the same content: {', '.join(map(repr, clips))}" for clips in copies]
    if gone := sorted(paths - {row.path for row in rows}):
        notes.append(f"in the sheet, but not in the folder: {first_few(list(map(repr, gone)), 1)}")
    return [*of_sheet(saved, sheet, f", {len(new)} of them new" if known else ""), *notes]


def of_sheet(rows: Sequence[Row], sheet: Path, added: str = "") -> list[str]:
    """What there is to say of a sheet, in lines."""
    genres = {row.genre for row in rows}
    artists = {normalised(row.artist) for row in rows} - {""}
    of_artists = f" and {len(artists)} artists" if artists else ""
    lines = [f"{sheet}: {len(rows)} clips of {len(genres)} genres{of_artists}{added}."]
    if excluded := sum(bool(row.excluded) for row in rows):
        lines.append(f"excluded, for the reason in that column: {excluded} clips")
    if not artists:
        lines.append("no artist is known: protocol clean takes each clip for an artist of its own")
    return lines


def new_name(source: Path, name: str | None) -> str:
    """Name of a dataset, by default that of its folder or table; a `UserError` if it is taken."""
    others = merged([project.HOME, Path()], {}).get("datasets", {})
    # As it is called here, also where that is a link.
    path = Path(os.path.normpath(source.absolute()))
    stem = name or (path.stem if source.is_file() else path.name)
    dataset = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).lstrip("_-") or "mine"
    if dataset in others and not name:
        dataset += "-mine"
    config = SHEETS / f"{dataset}.yaml"
    audio = read_yaml(config).get("audio") if config.exists() else None
    if dataset in others:
        raise UserError(f"there is a dataset {dataset} already; give this one another: --name NAME")
    if audio is not None and os.path.realpath(str(audio)) != os.path.realpath(source):
        raise UserError(f"{config} is that of {audio}; give this one another name: --name NAME")
    return dataset


def main(
    source: Annotated[Path, typer.Argument(help="Folder of music, or a table of features.")],
    name: Annotated[str | None, typer.Option(help="Of the dataset; else the source's.")] = None,
    by_tags: Annotated[bool, typer.Option("--by-tags", help="Genres are those of tags.")] = False,
    genre: Annotated[str, typer.Option(help="Column of a table that names genres.")] = "",
    artist: Annotated[str, typer.Option(help="Column of a table that names artists.")] = "",
    clip: Annotated[str, typer.Option(help="Column of a table that names clips.")] = "",
    drop: Annotated[list[str] | None, typer.Option(help="Columns that are no features.")] = None,
    keep: Annotated[list[str] | None, typer.Option(help="Features that look like labels.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="Genre to leave out.")] = None,
) -> None:
    """Make a sheet and a configuration of a folder of music, or of a table of features."""
    if not source.exists():
        raise UserError(f"there is no folder or table {source}; correct its path")
    dataset = new_name(source, name)
    sheet, config = SHEETS / f"{dataset}.tsv", SHEETS / f"{dataset}.yaml"
    if source.is_dir():
        if any([genre, artist, clip, drop, keep, without]):
            raise UserError(f"{source} is a folder; leave out options of columns, or name a file")
        lines = of_folder(source, sheet, by_tags)
    elif not genre:
        raise UserError(f"{source}: say which column names the genres: --genre COLUMN")
    else:
        columns = (genre, artist, clip)
        lines = from_table.make(source, sheet, columns, drop or [], keep or [], without or [])
        lines = [*of_sheet(read_sheet(sheet), sheet), *lines]
    program = f"{os.path.relpath(project.HOME)}/genregraph"
    check = shlex.join([program, "check", "--configfile", str(config)])
    target = project.TARGET if source.is_dir() else project.REPORT
    run = project.as_typed_by_hand(project.snakemake(target, [config]))
    print(*lines, f"{config}: the configuration.", "Next:", f"  {check}", f"  {run}", sep="\n")
