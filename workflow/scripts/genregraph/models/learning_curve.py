"""Accuracy by the number of training artists at equal clips, and by clips at equal artists.

Series ``clips`` begins with few clips of few artists of each genre and doubles the clips;
``artists`` begins where that ends and doubles the artists. All points of a repeat have the same
test clips, of protocol clean. Where artists are few, only prolific ones are possible, which may be
more typical of a genre, or less, than others. A genre that has fewer artists in any fold takes that
many. A group of unknown artists is one artist. Features are scaled by the full training part. No
parameter is searched: networks have the settings of the experiment.
"""

import logging
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from genregraph.common.seeds import fold_seed
from genregraph.config.experiment import Experiment
from genregraph.graph.adjacency import adjacency
from genregraph.models import options
from genregraph.models.base import Fold
from genregraph.models.classifiers import Classifier, Lda
from genregraph.models.messages import Backend, usable_backend
from genregraph.models.networks import CPU, GraphModel
from genregraph.preprocessing.inputs import Inputs, InputsFile

logger = logging.getLogger(__name__)

COLUMNS = "dataset experiment model series repeat artists clips accuracy n_test".split()
MOST_CLIPS = 32  # Of a genre.
PLAIN = {
    "lda": Classifier(lambda seed: Lda()),
    "logistic": Classifier(lambda seed: LogisticRegression(C=0.1, max_iter=5000)),
}
Positions = NDArray[np.int64]


class Design(NamedTuple):
    """Points of series artists: how many of each genre; of series clips: how many of a genre."""

    artists: list[tuple[int, ...]]
    clips: list[int]


def sizes_of(inputs: Inputs) -> list[Positions]:
    """Of each genre, the training clips of each of its groups, the largest first."""
    of_genres = [inputs.groups[inputs.train & (inputs.y == g)] for g in range(len(inputs.genres))]
    return [np.sort(np.unique(groups, return_counts=True)[1])[::-1] for groups in of_genres]


def design(sizes: Sequence[Sequence[Positions]]) -> Design | None:
    """The series with the most points that all folds allow; of those, the one with most artists.

    ``sizes`` are those of each fold (`sizes_of`). None where a genre has no artist with two clips.
    """
    n_artists = [min(map(len, of_genre)) for of_genre in zip(*sizes, strict=True)]
    possible = []
    for fewest in (2**i for i in range(min(n_artists, default=0).bit_length())):
        reach = min(MOST_CLIPS, *(int(groups[:fewest].sum()) for fold in sizes for groups in fold))
        counts = [count for count in (fewest * 2**i for i in range(10)) if count <= reach]
        artists = [tuple(min(n, count) for n in n_artists) for count in counts]
        if len(counts) > 1:  # Discriminants need more clips than genres.
            several = [count for count in counts if count > 1]
            possible.append(Design(list(dict.fromkeys(artists)), several))
    return max(possible, key=lambda each: (len(each.artists), each.artists[0]), default=None)


def draw(groups: NDArray[np.str_], artists: int, clips: int, rng: np.random.Generator) -> Positions:
    """Positions of so many clips of so many artists, in turns: first a clip of each artist.

    ``groups``, shape (n,), are the artist of each clip. Artists are drawn one after the other, each
    among those with whom the others can still reach the number of clips.
    """
    _, number, counts = np.unique(groups, return_inverse=True, return_counts=True)
    left, chosen, lacking = np.arange(len(counts)), list[int](), clips
    for others in reversed(range(artists)):
        most = np.sort(counts[left])[::-1][:others].sum()
        chosen.append(int(rng.choice(left[counts[left] + most >= lacking])))
        left = left[left != chosen[-1]]
        lacking -= counts[chosen[-1]]
    of_each = [rng.permutation(np.flatnonzero(number == artist)) for artist in chosen]
    turns = np.concatenate([np.arange(len(own)) for own in of_each])
    return np.concatenate(of_each)[np.argsort(turns, kind="stable")][:clips]


def points(
    inputs: Inputs, asked: Design, rng: np.random.Generator
) -> dict[tuple[int, int], Positions]:
    """Training clips of each point, shape (c, clips), by its artists and clips over all genres."""
    drawn = {}
    for artists in asked.artists:
        rows = []
        for genre, count in enumerate(artists):
            own = np.flatnonzero(inputs.train & (inputs.y == genre))
            rows.append(own[draw(inputs.groups[own], count, asked.clips[-1], rng)])
        for most in asked.clips if artists == asked.artists[0] else asked.clips[-1:]:
            clips = np.array(rows)[:, :most]
            drawn[sum(artists), clips.size] = clips
    return drawn


def curve(
    folds: Sequence[Inputs], experiment: Experiment, seed: int, backend: Backend = CPU
) -> pd.DataFrame:
    """Accuracy (a fraction of 1) of each model at each point of both series; a fold a repeat.

    A row of `COLUMNS` each, but dataset and experiment; the point in common is in both series. No
    rows where the collection allows no series.
    """
    asked = design([sizes_of(fold) for fold in folds])
    if asked is None:
        logger.warning("there is no curve: each genre needs an artist with two training clips")
        return pd.DataFrame(columns=COLUMNS[2:])
    networks, graph = experiment.networks(), experiment.graph
    both = {name: GraphModel(*networks[name][:2]) for name in ("graphsage", "edgeless")}
    models: dict[str, GraphModel | Classifier] = {**both, **PLAIN}
    fewest, most = sum(asked.artists[0]), asked.clips[-1] * len(folds[0].genres)
    rows = []
    for repeat, inputs in enumerate(tqdm(folds, unit="repeat")):
        own_seed = fold_seed(seed, repeat)
        drawn = points(inputs, asked, np.random.default_rng(own_seed))
        for (artists, clips), learnt in drawn.items():
            part = inputs.of(np.union1d(learnt, np.flatnonzero(~inputs.train)))
            whose = part.artists if graph.among == "artist" else None
            edges = adjacency(part.x, graph.metric, graph.k, seed=own_seed, artists=whose)
            fold = Fold(part, edges, own_seed, backend=backend)
            series = {"artists": clips == most, "clips": artists == fewest}
            for name, model in models.items():
                accuracy = model.fit_predict(fold).accuracies(part)[1]
                point = (repeat, artists, clips, accuracy, int((~part.train).sum()))
                rows += [(name, which, *point) for which, holds in series.items() if holds]
    table = pd.DataFrame(rows, columns=COLUMNS[2:])
    return table.sort_values(["series", "artists", "clips"], kind="stable", ignore_index=True)


def main(
    inputs: options.InputsFile,
    experiment: Annotated[str, typer.Option(help="Graph and network (JSON).")],
    repeats: Annotated[int, typer.Option(help="Number of folds used, one a repeat.")],
    seed: options.Seed,
    backend: options.Backend,
    device: options.Device,
    output: Annotated[Path, typer.Option(help="Accuracies, to be written (CSV).")],
) -> None:
    """Learn from few artists and clips, and from more."""
    folds = list(islice(InputsFile(inputs), repeats))
    settings = Experiment.model_validate_json(experiment)
    table = curve(folds, settings, seed, usable_backend(backend, device))
    of = {"dataset": output.parent.name, "experiment": inputs.parents[1].name}
    table.assign(**of)[COLUMNS].to_csv(output, index=False)
    logger.info("\n%s", table.groupby(COLUMNS[2:4] + COLUMNS[5:7])["accuracy"].mean())
