"""What follows from the configuration and the sheet before any file is read."""

import difflib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from settings.errors import UserError
from settings.model import Config, Experiment
from settings.sheet import Row, locate

COMPUTED = ("handcrafted", "compare")
PER_FOLD = "cnn"  # Learnt from the labels of a fold's training clips, so made anew for each fold.
# What scaling, selection and reduction of a fold are fitted to, by protocol.
FITTED_ON = {"paper": "all"}


def folds_in_repeat(experiment: Experiment, rows: Sequence[Row]) -> int:
    """Folds of a repeat: as configured, but no more than the smallest genre has clips, at least 2.

    Raises
    ------
    UserError
        If the experiment names a genre that the sheet does not have.
    """
    clips = Counter(row.genre for row in rows)
    for genre in experiment.genres:
        if genre not in clips:
            near = difflib.get_close_matches(genre, clips, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"it has {', '.join(sorted(clips))}"
            raise UserError(f"genres: the dataset has no genre '{genre}'; {hint}")
    smallest = min(clips[genre] for genre in experiment.genres or clips)
    return max(2, min(experiment.folds.n, smallest))


def fold_numbers(experiment: Experiment, rows: Sequence[Row]) -> list[str]:
    """Numbers of all folds, on over the repeats: ``["00", "01", ...]``."""
    total = folds_in_repeat(experiment, rows) * experiment.folds.repeats
    return [f"{number:02d}" for number in range(total)]


def check_tables(config: Config) -> None:
    """Raise a `UserError` if an experiment names a table that nothing makes, or cnn is imported."""
    if PER_FOLD in config.tables:
        raise UserError(
            f"tables: {PER_FOLD}: this table is learnt anew for each fold; give the imported table "
            "another name"
        )
    known = [*COMPUTED, PER_FOLD, *config.tables]
    for name, experiment in config.experiments.items():
        for table in experiment.tables:
            if table not in known:
                near = difflib.get_close_matches(table, known, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}."
                raise UserError(
                    f"experiments.{name}.tables: no table '{table}'; {hint} A table computed "
                    "elsewhere is imported by --config 'tables={NAME: FILE}'"
                )


def runnable(config: Config, rows: Sequence[Row], unheard: bool) -> list[str]:
    """Experiments that the dataset allows, in the order of the configuration.

    Parameters
    ----------
    config : Config
    rows : sequence of Row
        The dataset's sheet.
    unheard : bool
        There is no audio: only experiments on whole clips whose tables are all imported can run.
    """
    genres = {row.genre for row in rows}
    return [
        name
        for name, experiment in config.experiments.items()
        if genres.issuperset(experiment.genres)
        and not (
            unheard and (experiment.cut != "30s" or set(experiment.tables) - set(config.tables))
        )
    ]


def has_audio(rows: Sequence[Row], folder: Path) -> bool:
    """Whether an audio folder holds any of the sheet's clips."""
    return any(locate(folder, row.path) for row in rows)


def files_there(rows: Sequence[Row], folder: Path) -> list[str]:
    """Files of the clips that are in an audio folder; the audit reports the others as missing."""
    found = (locate(folder, row.path) for row in rows)
    return [str(path) for path in found if path]


def check_audio(rows: Sequence[Row], folder: Path) -> None:
    """Raise a `UserError` if an audio folder holds none of the sheet's clips."""
    if not has_audio(rows, folder):
        raise UserError(
            f"{folder} has none of the sheet's {len(rows)} clips (the first would be "
            f"{folder / rows[0].path}); say where they are with --config audio=FOLDER"
        )
