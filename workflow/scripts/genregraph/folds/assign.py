"""Assign the clips of an experiment to folds, and count what the parts of a fold share."""

import logging
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from genregraph.common.errors import UserError
from genregraph.config.experiment import Experiment
from genregraph.folds.groups import check, features_of, identical, leaks
from genregraph.folds.protocols import BY_GROUP, Clip, Evaluation, LeftOut, evaluation, takes
from genregraph.folds.split import held_out, split_groups, stratified
from genregraph.folds.table import listed, unique_clips

logger = logging.getLogger(__name__)


def taken(clips: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Clips that a protocol takes, of those an experiment can use."""
    stated = zip(clips["split"], clips["excluded"], strict=True)
    return clips.loc[[takes(protocol, *facts) for facts in stated]].reset_index(drop=True)


def assign(
    usable: pd.DataFrame, protocol: str, experiment: Experiment, seed: int
) -> tuple[pd.DataFrame, Evaluation]:
    """Assign clips to the folds of all repeats, each an independent split (`folds.table.COLUMNS`).

    ``usable`` (`folds.usable.COLUMNS`) has all clips of the experiment, which may allow fewer folds
    than it asks for. A protocol that cannot split them is `LeftOut`.
    """
    facts = usable[list(Clip._fields)].to_numpy()
    how = evaluation(protocol, [Clip(*row) for row in facts], experiment)
    clips = taken(usable, protocol)
    repeats = [
        listed(clips, _tested(clips, protocol, how.folds, np.random.default_rng([seed, i])), i)
        for i in range(how.repeats)
    ]
    return pd.concat(repeats, ignore_index=True), how


def _tested(
    clips: pd.DataFrame, protocol: str, folds: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Clips that each fold of a repeat tests, shape (folds, n)."""
    genres = clips["genre"].tolist()
    if protocol == "paper":
        return held_out(genres, folds, rng)
    if protocol == "filtered":
        return (clips["split"] == "test").to_numpy()[None]
    if protocol not in BY_GROUP:
        return stratified(genres, folds, rng) == np.arange(folds)[:, None]
    fold = split_groups(genres, clips["group"].tolist(), folds, rng)
    in_one = pd.Series(fold).groupby(genres).nunique() < 2
    if in_one.any():
        names = ", ".join(in_one.index[in_one])
        raise LeftOut(f"all groups of {names} are in one fold: groups of several genres tie them")
    return fold == np.arange(folds)[:, None]


def main(
    clips: Annotated[Path, typer.Option(help="The dataset's clips (Parquet).")],
    usable: Annotated[Path, typer.Option(help="Those that the experiment can use (Parquet).")],
    experiment: Annotated[str, typer.Option(help="Protocols, folds and clean of it (JSON).")],
    protocol: Annotated[str, typer.Option(help="Which protocol.")],
    seed: Annotated[int, typer.Option(help="Seed.")],
    output: Annotated[Path, typer.Option(help="Folds, to be written (Parquet).")],
    leaking: Annotated[Path, typer.Option(help="Counts of leaks, to be written (CSV).")],
    tables: Annotated[list[Path] | None, typer.Argument(help="Feature tables.")] = None,
) -> None:
    """Assign the clips of an experiment to folds; folds by group must not leak."""
    asked = Experiment.model_validate_json(experiment)
    known = pd.read_parquet(usable)
    try:
        folds, _ = assign(known, protocol, asked, seed)
    except LeftOut as reason:
        fewer = ", or lower clean: folds" if protocol in BY_GROUP else ""
        way = f"leave it out of protocols of {usable.parent.name}{fewer}; see also problems.csv"
        raise UserError(f"protocol {protocol} cannot split the clips: {reason}; {way}") from None
    chosen = unique_clips(folds)["clip"]
    logger.info("%d of %d clips are assigned to folds", len(chosen), len(known))
    facts = pd.read_parquet(clips).set_index("clip", drop=False).loc[chosen]
    # Scaled by all usable clips, as when groups were made.
    pairs = identical(features_of(known["clip"], tables or []))
    counts = leaks(folds, facts, known["clip"].to_numpy()[pairs], asked.clean.unknown_artist)
    check(counts, protocol)
    folds.to_parquet(output, index=False)
    counts.to_csv(leaking, index=False)
