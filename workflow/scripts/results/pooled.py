"""Compare models with GraphSAGE without neighbours, clip by clip over the test parts of all folds.

References
----------
.. [1] Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
   percentages", Psychometrika 12, 1947.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from results.outputs import fitted, folds_of
from results.statistics import holm, mcnemar
from results.votes import by_song

COLUMNS = "experiment protocol model n both only_model only_edgeless neither p".split()


def verdicts(folder: Path, source: Mapping[str, str], compared: Sequence[str]) -> pd.DataFrame:
    """Whether each model was right on each song, pooled over the folds of the first repeat.

    Parameters
    ----------
    folder : Path
        Folder of a protocol.
    source : mapping of str to str
        Song of each clip: the segments of a song vote, since they are not independent.
    compared : sequence of str
        As `results.outputs.fitted` takes it.

    Returns
    -------
    pd.DataFrame of bool
        A row a song and fold it was tested in, a column a model.
    """
    parts = []
    for fold in folds_of(folder):
        if fold.repeat > 0:  # A clip is tested once a repeat; only one of them is independent.
            break
        for model in fitted(fold.outputs, compared):
            songs = by_song(model.predictions, source).query("part == 'test'")
            right = songs["true"] == songs["predicted"]
            parts.append(
                pd.DataFrame(
                    {"fold": fold.fold, "clip": songs["clip"], "model": model.model, "right": right}
                )
            )
    order = list(dict.fromkeys(part["model"].iloc[0] for part in parts))
    return pd.concat(parts).pivot(index=["fold", "clip"], columns="model", values="right")[order]


def compare(right: pd.DataFrame, experiment: str, protocol: str) -> pd.DataFrame:
    """McNemar's test of each model against edgeless GraphSAGE [1]_.

    Parameters
    ----------
    right : pd.DataFrame of bool
        As `verdicts` gives it, with a column ``edgeless``.
    experiment, protocol : str
        What they are of.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`: how many were right by both, by one alone, by neither; ``p`` is two-sided and
        adjusted for the number of models (Holm).
    """
    reference = right["edgeless"]
    rows = [
        [
            *(experiment, protocol, model, len(right)),
            *((right[model] & reference).sum(), (right[model] & ~reference).sum()),
            *((~right[model] & reference).sum(), (~right[model] & ~reference).sum()),
            mcnemar(right[model], reference),
        ]
        for model in right.columns.drop("edgeless")
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.assign(p=holm(table["p"]))


def main(
    folders: Annotated[list[Path], typer.Argument(help="Folder of each protocol.")],
    clips: Annotated[Path, typer.Option(help="Clips, which know their song (Parquet).")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    output: Annotated[Path, typer.Option(help="Comparison, to be written (CSV).")],
    compared: Annotated[list[str] | None, typer.Option(help="Files beside GraphSAGE's.")] = None,
) -> None:
    """Compare models with edgeless GraphSAGE on the pooled predictions of each protocol."""
    listed = pd.read_parquet(clips, columns=["clip", "source"])
    source = dict(zip(listed["clip"], listed["source"], strict=True))
    tables = [
        compare(verdicts(folder, source, compared or []), experiment, folder.name)
        for folder in folders
    ]
    pd.concat(tables, ignore_index=True).to_csv(output, index=False)
