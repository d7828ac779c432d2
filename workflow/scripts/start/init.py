"""From a folder of music to a sheet and a configuration, without a question.

Genres are the folders in it, or what the files' tags say: of files that lie in no folder, and of
all where the folders are named like the artists in the tags.
"""

import codecs
import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer
import yaml
from tqdm import tqdm

from audio.sheet import audio_files, counted, dataset_name, is_unicode, names
from audio.tags import Tags, read_tags
from settings import contents
from settings.delimited import BREAK, decoded, delimiter_of, lines, plain
from settings.errors import UserError
from settings.groups import normalised
from settings.merge import merged, read_yaml
from settings.row import Row
from settings.sheet import COLUMNS, REQUIRED, as_text, checked, read_sheet, shards_for, write_sheet
from settings.steps import write_if_new
from start.project import HOME, as_typed_by_hand, genregraph, snakemake

logger = logging.getLogger(__name__)

SHEETS = Path("config/datasets")
IN_A_SHARD = 30  # Clips, where there are few.
TARGET = "results/multiclass_knn.csv"


@dataclass(frozen=True)
class Music:
    """What a folder holds.

    Attributes
    ----------
    rows : list of Row
        Ordered by path.
    passed_over : list of str
        What is no clip, counted by reason.
    """

    rows: list[Row]
    passed_over: list[str]


def music_in(folder: Path) -> Music:
    """Clips of a folder, from its folders and tags.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    UserError
        If no file has a genre.
    """
    found, passed_over = audio_files(folder, anywhere=True)
    files = [file for file in found if is_unicode(str(file))]
    if len(files) < len(found):
        odd = [str(file) for file in found if not is_unicode(str(file))]
        passed_over["with a name that is not UTF-8"] = odd
    shown = tqdm(files, desc="tags", unit="file", disable=None)
    tags = {file: read_tags(folder / file) for file in shown}
    by_folder = folders_are_genres(tags)
    rows = [stated(file, tags[file], by_folder) for file in files]
    without = [row.path for row in rows if not row.genre]
    if without:
        passed_over["without a genre, which a folder or a tag can name"] = without
    rows = named([row for row in rows if row.genre])
    if not rows:
        raise UserError(
            f"{folder}: no audio of which a folder or a tag tells the genre; make a folder for "
            "each genre, or write genres into the files' tags"
        )
    return Music(rows, counted(passed_over))


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


def named(rows: Sequence[Row], taken: Iterable[str] = ()) -> list[Row]:
    """Rows with names of clips, no longer than needed, none of them taken."""
    files = [PurePosixPath(row.path) for row in rows]
    short = names(files)
    counts = Counter([*short, *taken])
    return [
        replace(row, clip=clip if counts[clip] == 1 else ".".join(file.parts))
        for row, file, clip in zip(rows, files, short, strict=True)
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
    order = {path: place for place, path in enumerate(clips)}
    alike = {
        md5: sorted(paths, key=order.__getitem__) for md5, paths in copies_in(folder, clips).items()
    }
    first = {path: paths[0] for paths in alike.values() for path in paths}
    md5s = {path: md5 for md5, paths in alike.items() for path in paths}
    found = [
        replace(
            row,
            md5=md5s[row.path],
            excluded="" if first[row.path] == row.path else f"a copy of {clips[first[row.path]]}",
        )
        if row.path in md5s
        else row
        for row in rows
    ]
    return found, [[clips[path] for path in paths] for paths in alike.values()]


def copies_in(folder: Path, files: Iterable[str]) -> dict[str, list[str]]:
    """Files of the same content, by its MD5; those alone are read whose size others have."""
    sizes: dict[int, list[str]] = {}
    for file, (size, _) in contents.stamps(folder, files).items():
        sizes.setdefault(size, []).append(file)
    found: dict[str, list[str]] = {}
    for alike in sizes.values():
        for file in alike if len(alike) > 1 else []:
            found.setdefault(contents.md5_if_readable(folder / file), []).append(file)
    return {md5: sorted(alike) for md5, alike in found.items() if md5 and len(alike) > 1}


@dataclass(frozen=True)
class Merged:
    """What has become of a sheet.

    Attributes
    ----------
    new : list of Row
        That were put in.
    gone : list of str
        Paths that the sheet names and that are not in the folder.
    copies : list of list of str
        Clips of the same content.
    """

    new: list[Row]
    gone: list[str]
    copies: list[list[str]]


def merge(rows: Sequence[Row], folder: Path, sheet: Path) -> Merged:
    """Write a sheet, or put those rows behind an existing one that it does not have.

    What stands in a sheet stays to the letter: its columns and their order, what separates them,
    and all that was corrected by hand. Columns that it lacks and new rows fill are added.

    Parameters
    ----------
    rows : sequence of Row
        Clips of the folder.
    folder, sheet : Path
    """
    known = read_sheet(sheet) if sheet.exists() else []
    paths = {row.path for row in known}
    taken = {row.clip for row in known}
    new, copies = marked(
        [
            replace(row, clip=".".join(PurePosixPath(row.path).parts)) if row.clip in taken else row
            for row in rows
            if row.path not in paths
        ],
        folder,
        known,
    )
    with checked(sheet, folder) as aside:
        if known:
            aside.write_bytes(appended(sheet.read_bytes(), new))
        else:
            write_sheet(new, aside)
    return Merged(new, sorted(paths - {row.path for row in rows}), copies)


def appended(sheet: bytes, rows: Sequence[Row]) -> bytes:
    """A sheet's content with rows behind it, in its own columns, endings and encoding.

    Columns that it lacks are added behind its own.
    """
    text = decoded(sheet)
    body = re.sub(r"\Asep=.(\r\n|\r|\n)", "", text)
    delimiter = delimiter_of(
        BREAK.split(body, maxsplit=1)[0],
        lambda found: set(REQUIRED) <= {plain(name).casefold() for name in found},
    )
    found = next(lines(body, delimiter, fewest=len(REQUIRED))).values
    header = [plain(name).casefold() for name in found]
    lacking = [
        name for name in COLUMNS if name not in header and any(getattr(row, name) for row in rows)
    ]
    ending = (BREAK.findall(body) or ["\n"])[0]
    values = [
        [getattr(row, name, "") if name in COLUMNS else "" for name in [*header, *lacking]]
        for row in rows
    ]
    _, behind = as_text([[*header, *lacking], *values], delimiter, ending).split(ending, maxsplit=1)
    before = text[: len(text) - len(body)]
    wider = before + widened(body, delimiter, lacking)
    joint = "" if BREAK.fullmatch(wider[-1:]) else ending
    wide = sheet[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    bom = codecs.BOM_UTF8 if sheet.startswith(codecs.BOM_UTF8) else b""
    whole = wider + joint + behind
    return whole.encode("utf-16") if wide else bom + whole.encode()


def widened(body: str, delimiter: str, names: Sequence[str]) -> str:
    r"""Lines of a sheet with empty columns of these names behind its own.

    Parameters
    ----------
    body : str
        With its header line, without what stands before that.
    delimiter : str
    names : sequence of str

    Examples
    --------
    >>> widened('clip,path\na,"b,\nc"\n\n', ",", ["artist"])
    'clip,path,artist\na,"b,\nc",\n\n'
    """
    parts = re.split(f"({BREAK.pattern})", body)  # Lines and breaks in turn.
    starts = [row.number for row in lines(body, delimiter, fewest=len(REQUIRED))]
    for start, end in zip(starts, [*starts[1:], len(parts) // 2 + 2], strict=True):
        last = max(i for i in range(start, end) if parts[2 * (i - 1)].strip())
        for name in names:
            parts[2 * (last - 1)] += delimiter + (name if start == starts[0] else "")
    return "".join(parts)


def configuration(name: str, folder: Path, sheet: Path, clips: int) -> str:
    """Text of the configuration of a dataset; as many shards for good, whatever is added later."""
    shards = min(max(2, clips // IN_A_SHARD), shards_for(clips))
    stated = {
        "dataset": name,
        "sheet": sheet.as_posix(),
        "audio": str(folder),
        "datasets": {name: {"shards": shards}},
    }
    said = yaml.safe_dump(stated, sort_keys=False, allow_unicode=True)
    return f"# Of genregraph init; to be named after --configfile. It may be changed.\n{said}"


def free_name(folder: Path) -> str:
    """Name of a dataset by its folder, which no dataset of the configuration has."""
    # As it is called here, also where that is a link.
    name = dataset_name(Path(os.path.normpath(folder.absolute())).name)
    return f"{name}-mine" if name in configured_datasets() else name


def configured_datasets() -> Mapping[str, object]:
    """Facts on datasets that the workflow comes with or the folder at hand configures."""
    return merged([HOME, Path()], {}).get("datasets", {})


def check_name(name: str, config: Path, folder: Path) -> None:
    """Raise a `UserError` if a name is that of another dataset."""
    if name in configured_datasets():
        raise UserError(f"there is a dataset {name} already; give this one another: --name NAME")
    stated = read_yaml(config).get("audio") if config.exists() else None
    if stated is not None and os.path.realpath(str(stated)) != os.path.realpath(folder):
        raise UserError(
            f"{config} is that of the folder {stated}; give this one another name: --name NAME"
        )


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of music.")],
    name: Annotated[str | None, typer.Option(help="Of the dataset; else the folder's.")] = None,
) -> None:
    """Make a sheet and a configuration of a folder of your own music."""
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}; correct its path")
    dataset = dataset_name(name) if name else free_name(folder)
    sheet, config = SHEETS / f"{dataset}.tsv", SHEETS / f"{dataset}.yaml"
    check_name(dataset, config, folder)
    music = music_in(folder)
    done = merge(music.rows, folder, sheet)
    rows = read_sheet(sheet)
    if not config.exists():
        write_if_new(config, configuration(dataset, folder, sheet, len(rows)))
    for line in told(music.passed_over, done, rows, sheet):
        print(line)
    files = ["--configfile", str(config)]
    print(f"{config}: the configuration.\nNext:")
    print(f"  {genregraph('check', *files)}")
    print(f"  {as_typed_by_hand(snakemake(TARGET, [config]))}")


def told(passed_over: Sequence[str], done: Merged, rows: Sequence[Row], sheet: Path) -> list[str]:
    """What there is to say of a sheet, in lines."""
    genres, artists = ({getattr(row, key) for row in rows} - {""} for key in ("genre", "artist"))
    of_artists = f" and {len(artists)} artists" if artists else ""
    new, gone = done.new, done.gone
    added = "" if len(new) == len(rows) else f", {len(new)} of them new"
    found = [f"{sheet}: {len(rows)} clips of {len(genres)} genres{of_artists}{added}."]
    found += [f"passed over: {line}" for line in passed_over]
    found += [f"the same content: {', '.join(map(repr, clips))}" for clips in done.copies]
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        found.append(f"in the sheet, but not in the folder: {gone[0]!r}{more}")
    if not artists:
        found.append(
            "no artist is known: protocol clean will take each clip for an artist of its own"
        )
    return found
