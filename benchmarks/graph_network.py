"""What each idea of the graph network is worth, and whether it beats its twin and all classifiers.

Deals, prepares and compares by the workflow's own steps, as protocol clean does, without its files:

    python benchmarks/graph_network.py TABLE config/datasets/gtzan.tsv --repeats 5

TABLE is a feature table as Parquet, a row a clip of 30 s, first column ``clip``.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from folds.assign import assign, taken
from folds.usable import grouped, usable
from inputs.fold import clips_of
from inputs.inputs import Inputs
from inputs.prepare import scale
from learning import baselines, best, graph_network
from learning.best import Hearing
from learning.graph_network import DESIGN, EDGELESS
from results.paired import over_folds
from results.pooled import compare
from results.votes import Verdicts
from settings.seeds import fold_seed

ABLATIONS = {
    "graph_network": DESIGN,
    "graph_network_edgeless": EDGELESS,
    "no similar clips": replace(DESIGN, similar=False),
    "no probable artists": replace(DESIGN, share=0.0),
    "no dropout": replace(DESIGN, drop_inputs=0.0, drop_hidden=0.0),
    "no label smoothing": replace(DESIGN, smoothing=0.0),
    "a single network": replace(DESIGN, members=1),
}


def predicted(
    inputs: Inputs,
    groups: np.ndarray,
    artists: np.ndarray,
    seed: int,
    only: list[str],
    candidates: bool,
) -> dict[str, np.ndarray]:
    """Predicted genre of each clip by each model, shape (n,), and by what models choose from."""
    found, hearing = {}, Hearing(seed)
    for name, design in ABLATIONS.items():
        if not only or name in only:
            found[name] = graph_network.fit(inputs, artists, design, hearing).probabilities
    for name, model in baselines.MODELS.items():
        if not only or name in only:
            found[name] = model(inputs, seed).probabilities
    models = {name: own for name, own in best.MODELS.items() if not only or name in only}
    if models:
        chosen = best.chosen_of(best.choose(inputs, groups, artists, hearing, models))
        asked = best.all_of(models) if candidates else list(chosen.values())
        of_candidate = best.all_probabilities(inputs, artists, asked, hearing)
        found |= {name: of_candidate[own.name] for name, own in chosen.items()}
        if candidates:  # One of them is called as a classifier is.
            found |= {f"candidate {name}": each for name, each in of_candidate.items()}
    return {name: probabilities.argmax(axis=1) for name, probabilities in found.items()}


def main(
    table: Path,
    sheet: Path,
    repeats: int = 5,
    folds: int = 5,
    seed: int = 0,
    only: Annotated[list[str] | None, typer.Option(help="Models; else all.")] = None,
    candidates: Annotated[bool, typer.Option(help="Also what best chooses from.")] = False,
) -> None:
    """Print accuracies under clean, and differences from the twin and from the graph models."""
    features = pd.read_parquet(table).set_index("clip")
    listed = pd.read_csv(sheet, sep="\t", keep_default_na=False, dtype=str)
    listed = listed.assign(source=listed["clip"], sheet_group="", status="ok")
    clips = usable(listed, [frozenset(features.index)], [])
    tied = grouped(clips, features.loc[clips["clip"]].to_numpy(), "together")
    dealt = assign(taken(tied, "clean"), "clean", folds, repeats, seed)
    genres, columns = np.unique(dealt["genre"]), features.columns.to_numpy(dtype=str)
    rows, verdicts = [], []
    for number in range(folds * repeats):
        fold = clips_of(dealt, number)
        train = fold["train"].to_numpy()
        x = scale(features.loc[fold["clip"]].to_numpy(), train, "standard").astype(np.float32)
        y = np.searchsorted(genres, fold["genre"])
        inputs = Inputs(x, y, train, fold["clip"].to_numpy(dtype=str), genres, columns)
        groups, artists = (fold[name].to_numpy(dtype=str) for name in ("group", "artist"))
        of_fold = fold_seed(seed, number)
        models = predicted(inputs, groups, artists, of_fold, only or [], candidates)
        right = pd.DataFrame({name: (found == y)[~train] for name, found in models.items()})
        repeat = number // folds
        for model, accuracy in right.mean().items():
            rows.append((model, repeat, number % folds, train.sum(), (~train).sum(), accuracy))
        songs = fold["clip"][~train].to_numpy()
        right.index = pd.MultiIndex.from_product([[repeat], songs], names=["repeat", "song"])
        verdicts.append(right)
    names = ["model", "repeat", "fold", "n_train", "n_test", "test_accuracy"]
    scores = pd.DataFrame(rows, columns=names)
    judged = Verdicts(pd.concat(verdicts), tied.set_index("clip")["group"])
    print(f"{dealt['clip'].nunique()} clips, {len(columns)} features, {folds} x {repeats} folds")
    print(scores.groupby("model", sort=False)["test_accuracy"].mean().round(4).to_string())
    references = ["graph_network_edgeless", "graph_network", *best.MODELS]
    for reference in [name for name in references if name in set(scores["model"])]:
        differences = over_folds(scores, reference)
        differences["p_by_group"] = compare(judged, reference)["p_by_group"]
        print(f"\nless {reference}\n{differences.drop(index=reference).round(4).to_string()}")


if __name__ == "__main__":
    typer.run(main)
