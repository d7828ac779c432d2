"""What follows from the configuration and the sheet before any file is read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

from genregraph.common.errors import UserError, first_few, nearest
from genregraph.config.experiment import Experiment, UnknownArtist
from genregraph.config.model import Config
from genregraph.config.registry import COMPUTED, PER_FOLD
from genregraph.datasets.groups import group_name, normalised, tied
from genregraph.datasets.sheet import Row
from genregraph.folds.protocols import UNKNOWN_LEFT_OUT, Clip, evaluations


def by_sheet(experiment: Experiment, rows: Sequence[Row]) -> list[Clip]:
    """Clips of an experiment as the sheet states them, before any is decoded."""
    genres = frozenset(experiment.genres)
    return _clips(tuple(rows), genres, experiment.clean.unknown_artist)


@cache  # Most experiments ask the same of a sheet that may have 100,000 rows.
def _clips(rows: tuple[Row, ...], genres: frozenset[str], unknown: UnknownArtist) -> list[Clip]:
    if not any(row.group or row.artist for row in rows):
        unknown = "alone"
    asked = [row for row in rows if row.genre in genres or not genres]
    names = [group_name(row.group, row.artist, row.clip, row.genre, unknown) for row in asked]
    alike = tied((name, row.md5, row.path) for name, row in zip(names, asked, strict=True))
    return [
        Clip(row.genre, str(group), row.split, row.excluded or ("" if name else UNKNOWN_LEFT_OUT))
        for row, name, group in zip(asked, names, alike, strict=True)
    ]


def limits(config: Config, rows: Sequence[Row], not_runnable: Mapping[str, str]) -> list[str]:
    """What the sheet does not allow, in lines: which experiments, then what of the others."""
    lines: dict[str, list[str]] = {}
    for name, reason in not_runnable.items():
        lines.setdefault(f"cannot run: {reason}", []).append(name)
    for name, experiment in config.experiments.items():
        if name in not_runnable:
            continue
        found, left_out = evaluations(experiment, by_sheet(experiment, rows))
        said = [f"protocol {key} is left out: {reason}" for key, reason in left_out.items()]
        if experiment.cut == "30s":  # How many segments there will be is not known yet.
            clean, folds = (experiment.clean.folds, "groups"), (experiment.folds.n, "clips")
            asked = {"kfold": folds, "random": clean, "clean": clean, "inductive": clean}
            said += [
                f"protocol {key} has {how.folds} folds, not {n}: a genre has no more {what}"
                for key, how in found.items()
                for n, what in [asked.get(key, (0, ""))]
                if how.folds < n
            ]
        for line in said:
            lines.setdefault(line, []).append(name)
    return [f"{', '.join(names)}: {line}" for line, names in lines.items()]


def prolific(rows: Sequence[Row]) -> list[str]:
    """Artists with more than a tenth of a genre's clips, in a line, if there are any."""
    genres = Counter(row.genre for row in rows)
    artists = Counter((row.genre, normalised(row.artist)) for row in rows if row.artist)
    many = [
        f"{artist!r} ({count} of {genres[genre]} of {genre})"
        for (genre, artist), count in artists.most_common()
        if count > max(1, genres[genre] / 10)
    ]
    said = f"artists of more than a tenth of a genre's clips: {first_few(many)}"
    asked = "clean keeps the clips of each in one fold: is one of these a name for several artists?"
    return [f"{said}; {asked}"] * bool(many)


def check_tables(config: Config) -> None:
    """Raise a `UserError` if an experiment names a table that nothing makes, or cnn is imported."""
    if PER_FOLD in config.tables:
        raise UserError(f"tables: {PER_FOLD} is learnt anew for each fold; import by another name")
    known = [*COMPUTED, PER_FOLD, *config.tables]
    for name, experiment in config.experiments.items():
        for table in experiment.tables:
            if table not in known:
                said = f"experiments.{name}.tables: no table '{table}'; {nearest(table, known)}"
                raise UserError(f"{said} (--config 'tables={{NAME: FILE}}' imports a table)")


def not_runnable(
    config: Config, rows: Sequence[Row], no_audio: bool, files: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Experiments that the dataset does not allow, and why.

    With ``no_audio`` only those run whose tables are all imported; ``files`` of tables are by name
    and cut (`features.cuts.files_by_cut`).
    """
    genres = {row.genre for row in rows}
    reasons = {}
    for name, experiment in config.experiments.items():
        possible, left_out = evaluations(experiment, by_sheet(experiment, rows))
        missing = sorted(set(experiment.genres) - genres)
        computed = sorted(set(experiment.tables) - set(config.tables))
        uncut = [t for t in experiment.tables if t in files and experiment.cut not in files[t]]
        if missing:
            reasons[name] = f"the dataset has no genre {', '.join(missing)}"
        elif no_audio and computed:
            reasons[name] = f"there is no audio to compute {', '.join(computed)}"
        elif uncut:
            key = "file" if experiment.cut == "30s" else "file_3s"
            reasons[name] = (
                f"table {uncut[0]} is imported for cut {', '.join(files[uncut[0]])} alone; "
                f"tables.{uncut[0]}.{key} can name one for {experiment.cut}"
            )
        elif not possible:
            reasons[name] = "; ".join(f"{key}: {reason}" for key, reason in left_out.items())
        elif experiment.graph.among == "artist" and not _artists_of_two(experiment, rows):
            reasons[name] = "its graph joins clips of one artist, and the sheet names no such clips"
    return reasons


def _artists_of_two(experiment: Experiment, rows: Sequence[Row]) -> bool:
    """Whether two clips of an experiment are of one known artist, as segments of a song are."""
    asked = [row for row in rows if row.genre in experiment.genres or not experiment.genres]
    artists = [normalised(row.artist) for row in asked if row.artist]
    return bool(artists) if experiment.cut == "3s" else len(set(artists)) < len(artists)


def why_no_prediction(config: Config, not_runnable: Mapping[str, str]) -> str:
    """Why the experiment that is to predict new clips cannot; empty if it can."""
    name = config.predict_by
    able = [
        other
        for other, experiment in config.experiments.items()
        if other not in not_runnable and not _why_no_new_clip(experiment)
    ]
    if name not in config.experiments:
        hint = nearest(name, able, "these can predict")
        return f"predict_by: no experiment '{name}'; {hint}"
    reason = not_runnable.get(name) or _why_no_new_clip(config.experiments[name])
    others = f"; these can predict: {', '.join(able)}" if able else ""
    return f"predict_by: {name} cannot predict new clips: {reason}{others}" if reason else ""


def _why_no_new_clip(experiment: Experiment) -> str:
    """Why an experiment has no place for a clip that comes after training; empty if it has."""
    foreign = [table for table in experiment.tables if table not in (*COMPUTED, PER_FOLD)]
    if PER_FOLD in experiment.tables:
        return f"table {PER_FOLD} is learnt anew inside each fold, and has no network for new clips"
    if foreign:
        return f"table {foreign[0]} is imported, and nothing here computes it for new clips"
    return experiment.why_no_place([experiment.graphsage])  # No variant predicts.
