"""Collect an experiment's folds into its result table, and print the summary."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from sklearn.metrics import accuracy_score, f1_score, log_loss

from learning.predictions import NAMED
from results.summary import NOT_MUSIC, describe

COLUMNS = (
    "dataset experiment protocol model repeat fold n_train n_test train_accuracy test_accuracy "
    "test_macro_f1 test_log_loss epochs seconds"
).split()


def score(predictions: pd.DataFrame) -> dict[str, float]:
    """Scores of one model on one fold.

    Parameters
    ----------
    predictions : pd.DataFrame
        As `learning.predictions` makes it.

    Returns
    -------
    dict
        ``n_train n_test train_accuracy test_accuracy test_macro_f1 test_log_loss``: accuracies are
        fractions of 1; macro F1 is the mean over genres that are in the test part or were predicted
        there; log loss is in nats.
    """
    genres = [column for column in predictions.columns if column not in NAMED]
    train = predictions[predictions["part"] == "train"]
    test = predictions[predictions["part"] == "test"]
    return {
        "n_train": len(train),
        "n_test": len(test),
        "train_accuracy": accuracy_score(train["true"], train["predicted"]),
        "test_accuracy": accuracy_score(test["true"], test["predicted"]),
        "test_macro_f1": f1_score(
            test["true"], test["predicted"], average="macro", zero_division=0
        ),
        "test_log_loss": log_loss(test["true"], test[genres].to_numpy(), labels=genres),
    }


def collect(folder: Path, dataset: str, experiment: str) -> pd.DataFrame:
    """Rows of one protocol's folds.

    Parameters
    ----------
    folder : Path
        Folder of a protocol, named like it: ``folds.parquet``, and below ``fold-<nn>`` what
        `learning.graphsage` and, if it ran, `learning.baselines` wrote.
    dataset, experiment : str
        What they are of.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`, a row a model and fold, GraphSAGE first.
    """
    dealt = pd.read_parquet(folder / "folds.parquet")
    tested = dealt.loc[dealt["fold"] >= 0, ["repeat", "fold"]].drop_duplicates()
    rows = [
        {
            "dataset": dataset,
            "experiment": experiment,
            "protocol": folder.name,
            "repeat": repeat,
            "fold": fold,
            **row,
        }
        for number, (repeat, fold) in enumerate(tested.sort_values(["repeat", "fold"]).to_numpy())
        for row in models_of(folder / f"fold-{number:02d}")
    ]
    order = ["model", "repeat", "fold"]
    table = pd.DataFrame(rows, columns=COLUMNS)
    ranks = {name: rank for rank, name in enumerate(table["model"].unique())}
    return table.sort_values(order, key=lambda c: c.map(ranks) if c.name == "model" else c)


def models_of(outputs: Path) -> Iterator[dict[str, object]]:
    """Scores, epochs and seconds of each model of a fold.

    Parameters
    ----------
    outputs : Path
        Folder of the fold.
    """
    history = pd.read_csv(outputs / "history.csv")
    yield {
        "model": "graphsage",
        **score(pd.read_parquet(outputs / "predictions.parquet")),
        "epochs": int(history["epoch"].iloc[-1]),
        "seconds": round(float(history["seconds"].iloc[-1]), 3),
    }
    if (outputs / "baselines.parquet").exists():
        predicted = pd.read_parquet(outputs / "baselines.parquet").groupby("model")
        fits = pd.read_csv(outputs / "baselines.csv").set_index("model")
        for model, fit in fits.iterrows():
            scores = score(predicted.get_group(model).drop(columns="model"))
            yield {"model": model, **scores, "epochs": int(fit.epochs), "seconds": fit.seconds}


def main(
    folders: Annotated[list[Path], typer.Argument(help="Folder of each protocol.")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    output: Annotated[Path, typer.Option(help="Result table, to be written (CSV).")],
    problems: Annotated[Path, typer.Option(help="List of refused and repaired clips (CSV).")],
    paper: Annotated[float | None, typer.Option(help="The paper's test accuracy.")] = None,
    left_out: Annotated[list[str] | None, typer.Option(help="PROTOCOL=why not.")] = None,
    synthesised: Annotated[bool, typer.Option(help="The clips are not real music.")] = False,
) -> None:
    """Collect an experiment's folds into its result table, and print the summary."""
    tables = [collect(folder, dataset, experiment) for folder in folders]
    table = pd.concat(tables, ignore_index=True)
    table.to_csv(output, index=False)
    health = {folder.name: pd.read_csv(folder / "graph-health.csv") for folder in folders}
    print(describe(table, health, len(pd.read_csv(problems)), paper))
    for reason in left_out or []:
        print("protocol {} is left out: {}".format(*reason.split("=", 1)))
    if synthesised:
        print(NOT_MUSIC)
    print(f"table: {output}; folds: {', '.join(map(str, folders))}; refused clips: {problems}")
