"""Split the clips of an experiment by protocol, and count what stands on both sides."""

import logging
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from genregraph.common.errors import UserError
from genregraph.config.model import Experiment
from genregraph.folds.groups import features_of
from genregraph.folds.leaks import check, leaks, near_identical
from genregraph.folds.protocols import BY_GROUP, Clip, LeftOut, evaluation, takes
from genregraph.folds.split import grouped, held_out, published, stratified
from genregraph.folds.table import listed, unique_clips

logger = logging.getLogger(__name__)


def taken(clips: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Clips that a protocol takes (`folds.protocols.takes`), of those an experiment can use."""
    stated = zip(clips["split"], clips["excluded"], strict=True)
    chosen = [takes(protocol, split, excluded) for split, excluded in stated]
    return clips[np.array(chosen, dtype=bool)].reset_index(drop=True)


def assign(clips: pd.DataFrame, protocol: str, folds: int, repeats: int, seed: int) -> pd.DataFrame:
    """Folds of all repeats, each an independent split; folds are numbered from 0 in each.

    Parameters
    ----------
    clips : pd.DataFrame
        As `taken` gives them.
    protocol : str
        ``paper`` holds clips out at random within genres; ``clean`` and ``inductive`` keep groups
        whole; ``filtered`` takes the published split; the others split clips at random within
        genres.
    folds, repeats, seed : int

    Returns
    -------
    pd.DataFrame
        `folds.table.COLUMNS`.

    Raises
    ------
    UserError
        If the clips cannot be split so.
    """
    parts = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        parts.append(listed(clips, _tested(clips, protocol, folds, rng), repeat))
    return pd.concat(parts, ignore_index=True)


def _tested(
    clips: pd.DataFrame, protocol: str, folds: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Who is tested in each fold of a repeat, shape (folds, n)."""
    genres = clips["genre"].tolist()
    if protocol == "paper":
        return held_out(genres, folds, rng)
    if protocol == "filtered":
        fold = published(clips["split"].tolist())
    elif protocol in BY_GROUP:
        fold = grouped(genres, clips["group"].tolist(), folds, rng)
    else:
        fold = stratified(genres, folds, rng)
    return fold == np.arange(folds)[:, None]


def evaluated_clips(clips: pd.DataFrame) -> list[Clip]:
    """What decides how clips of `folds.usable` are split."""
    return [Clip(*row) for row in clips[["genre", "group", "split", "excluded"]].to_numpy()]


def assigned(
    usable: pd.DataFrame, protocol: str, experiment: Experiment, name: str, seed: int
) -> pd.DataFrame:
    """Folds of a protocol, as many as the experiment asks for and its clips allow.

    Parameters
    ----------
    usable : pd.DataFrame
        All clips that the experiment can use (`folds.usable.COLUMNS`).
    protocol : str
    experiment : Experiment
    name : str
        Of the experiment.
    seed : int

    Raises
    ------
    UserError
        If the protocol cannot split the clips: why, and what the user can change.
    """
    try:
        how = evaluation(protocol, evaluated_clips(usable), experiment.folds, experiment.clean)
        return assign(taken(usable, protocol), protocol, how.folds, how.repeats, seed)
    except (LeftOut, UserError) as reason:
        others = [other for other in experiment.protocols if other != protocol]
        way = f"leave it out: protocols: [{', '.join(others)}]" if others else "name another"
        fewer = ", or lower clean: folds" if protocol in BY_GROUP else ""
        raise UserError(
            f"protocol {protocol} cannot split the clips: {str(reason).rstrip('.')}; {way} of "
            f"experiment {name}{fewer}"
        ) from None


def main(
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    usable: Annotated[Path, typer.Option(help="Those that the experiment can use (Parquet).")],
    experiment: Annotated[str, typer.Option(help="Protocols, folds and clean of it (JSON).")],
    protocol: Annotated[str, typer.Option(help="Which protocol.")],
    seed: Annotated[int, typer.Option(help="Seed.")],
    output: Annotated[Path, typer.Option(help="Folds, to be written (Parquet).")],
    leaking: Annotated[Path, typer.Option(help="Counts of leaks, to be written (CSV).")],
    tables: Annotated[
        list[Path] | None, typer.Argument(help="The experiment's feature tables.")
    ] = None,
) -> None:
    """Split the clips of an experiment; folds by group must not leak."""
    asked = Experiment.model_validate_json(experiment)
    known = pd.read_parquet(usable)
    table = assigned(known, protocol, asked, usable.parent.name, seed)
    chosen = unique_clips(table)["clip"]
    logger.info("%d of %d clips are assigned to folds", len(chosen), len(known))
    facts = pd.read_parquet(clips).set_index("clip", drop=False).loc[chosen]
    pairs = near_identical(chosen, known["clip"], features_of(known["clip"], tables or []))
    counts = leaks(table, facts, pairs, asked.clean.unknown_artist)
    check(counts, protocol)
    table.to_parquet(output, index=False)
    counts.to_csv(leaking, index=False)
