"""What follows from the configuration and the sheet before any file is read."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from settings.errors import UserError
from settings.groups import group_name
from settings.model import Config, Experiment
from settings.sheet import Row, locate

COMPUTED = ("handcrafted", "compare")
PER_FOLD = "cnn"  # Learnt from the labels of a fold's training clips, so made anew for each fold.
# What scaling, selection and reduction of a fold are fitted to, and whose neighbours a clip's are.
FITTED_ON = {"paper": "all", "clean": "train", "inductive": "train", "filtered": "train"}
NEIGHBOURS = {"paper": "all", "clean": "all", "inductive": "train", "filtered": "all"}
BY_GROUP = ("clean", "inductive")


@dataclass(frozen=True)
class Evaluation:
    """How an experiment is evaluated under a protocol.

    Attributes
    ----------
    folds, repeats : int
        Folds in a repeat, and repeats.
    """

    folds: int
    repeats: int

    @property
    def numbers(self) -> list[str]:
        """Numbers of all folds, on over the repeats: ``["00", "01", ...]``."""
        return [f"{number:02d}" for number in range(self.folds * self.repeats)]


class LeftOut(Exception):
    """A protocol under which an experiment cannot be evaluated; the message says why."""


def evaluations(
    experiment: Experiment, rows: Sequence[Row]
) -> tuple[dict[str, Evaluation], dict[str, str]]:
    """Protocols of an experiment that the sheet allows, and why the others are left out.

    Parameters
    ----------
    experiment : Experiment
    rows : sequence of Row
        The dataset's sheet.

    Returns
    -------
    evaluations : dict of str to Evaluation
        By protocol, in the order of the configuration.
    left_out : dict of str to str
        Reasons, by protocol.
    """
    genres = experiment.genres or sorted({row.genre for row in rows})
    chosen = [row for row in rows if row.genre in genres]
    found: dict[str, Evaluation] = {}
    left_out: dict[str, str] = {}
    for protocol in experiment.protocols:
        try:
            found[protocol] = _evaluation(protocol, experiment, chosen)
        except LeftOut as reason:
            left_out[protocol] = str(reason)
    return found, left_out


def _evaluation(protocol: str, experiment: Experiment, rows: Sequence[Row]) -> Evaluation:
    if protocol == "paper":
        smallest = min(Counter(row.genre for row in rows).values())
        return Evaluation(max(2, min(experiment.folds.n, smallest)), experiment.folds.repeats)
    if protocol == "filtered":
        return _published(rows)
    groups = _groups_of_genres(rows, experiment.clean.unknown_artist)
    single = [genre for genre, names in groups.items() if len(names) < 2]
    if single:
        raise LeftOut(f"genres of a single group cannot be judged: {', '.join(sorted(single))}")
    fewest = min(len(names) for names in groups.values())
    return Evaluation(min(experiment.clean.folds, fewest), experiment.clean.repeats)


def _published(rows: Sequence[Row]) -> Evaluation:
    parts = {(row.genre, row.split) for row in rows}
    lacking = {
        row.genre for row in rows if not {(row.genre, "train"), (row.genre, "test")} <= parts
    }
    if lacking:
        raise LeftOut(f"the sheet has no published split of {', '.join(sorted(lacking))}")
    return Evaluation(1, 1)


def _groups_of_genres(rows: Sequence[Row], unknown: str) -> dict[str, set[str]]:
    if not any(row.group or row.artist for row in rows):
        unknown = "alone"
    groups: dict[str, set[str]] = {row.genre: set() for row in rows}
    for row in rows:
        if not row.excluded:
            groups[row.genre].add(group_name(row.group, row.artist, row.clip, row.genre, unknown))
    return {genre: names - {""} for genre, names in groups.items()}


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


def not_runnable(config: Config, rows: Sequence[Row], unheard: bool) -> dict[str, str]:
    """Experiments that the dataset does not allow, and why.

    Parameters
    ----------
    config : Config
    rows : sequence of Row
        The dataset's sheet.
    unheard : bool
        There is no audio: only experiments on whole clips whose tables are all imported can run.
    """
    genres = {row.genre for row in rows}
    reasons = {}
    for name, experiment in config.experiments.items():
        missing = sorted(set(experiment.genres) - genres)
        computed = sorted(set(experiment.tables) - set(config.tables))
        if missing:
            reasons[name] = f"the dataset has no genre {', '.join(missing)}"
        elif unheard and (computed or experiment.cut != "30s"):
            reasons[name] = f"there is no audio to compute {', '.join(computed) or experiment.cut}"
        elif not evaluations(experiment, rows)[0]:
            left_out = evaluations(experiment, rows)[1]
            reasons[name] = "; ".join(f"{key}: {reason}" for key, reason in left_out.items())
    return reasons


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
