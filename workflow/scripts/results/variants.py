"""What each choice of the network is worth: its variants against it, on the same folds."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from results.collect import collect
from results.paired import over_folds
from results.pooled import compare, songs_of
from results.statistics import adjusted
from results.votes import Verdicts, judge

TESTS = ["p", "p_by_group"]
COLUMNS = [
    *"dataset experiment protocol variant n_folds train_mean mean".split(),
    *"difference ci_low ci_high p p_tests p_by_group p_by_group_tests".split(),
]
COMPARED = ["edgeless", "variants"]


def worth(folds: pd.DataFrame, verdicts: Verdicts, reference: str = "graphsage") -> pd.DataFrame:
    """Compare the models of a protocol with one of them.

    Parameters
    ----------
    folds : pd.DataFrame
        Rows of one experiment and protocol, as `results.collect` makes them.
    verdicts : Verdicts
        Of the same, as `results.votes.judge` makes them.
    reference : str
        The model that the others are compared with.

    Returns
    -------
    pd.DataFrame
        ``n_folds train_mean mean difference ci_low ci_high p p_by_group``, a row a model: mean
        accuracies over folds; ``difference``: ``mean`` less the reference's; its 95 % interval and
        ``p`` by `results.paired.over_folds`, the interval of a single fold whose clips are songs by
        `results.pooled.compare`; ``p_by_group`` by the latter. Each p by itself; NaN for the
        reference.
    """
    by_folds = over_folds(folds, reference)
    by_group = compare(verdicts, reference).loc[by_folds.index]
    own = folds.groupby("model", sort=False)
    single = len(folds.groupby(["repeat", "fold"])) == 1
    songs = (own["n_test"].sum() == by_group["songs"] * by_group["repeats"]).all()
    ends = by_group if single and songs else by_folds
    return pd.DataFrame(
        {
            "n_folds": own.size(),
            "train_mean": own["train_accuracy"].mean(),
            "mean": own["test_accuracy"].mean(),
            "difference": by_folds["gain"],
            "ci_low": ends["gain_low"],
            "ci_high": ends["gain_high"],
            "p": by_folds["p"],
            "p_by_group": by_group["p_by_group"],
        }
    )


def main(
    clips: Annotated[Path, typer.Option(help="Clips, which know their song (Parquet).")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    output: Annotated[Path, typer.Option(help="Comparison, to be written (CSV).")],
    folders: Annotated[list[Path] | None, typer.Argument(help="Folder of each protocol.")] = None,
) -> None:
    """Compare variants of GraphSAGE with it, on the same folds."""
    source = songs_of(clips)
    tables = []
    for folder in folders or []:
        folds = collect(folder, dataset, experiment, COMPARED)
        table = worth(folds, judge(folder, source, COMPARED)).rename_axis("variant").reset_index()
        tables.append(table.assign(dataset=dataset, experiment=experiment, protocol=folder.name))
    adjusted(tables, TESTS, COLUMNS).to_csv(output, index=False)
