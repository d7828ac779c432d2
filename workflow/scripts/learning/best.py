"""The best graph model found for the clean protocol, chosen anew inside each fold.

First, classifiers predict each clip by its features; then their probabilities are propagated along
a graph [1]_: of similar clips, or of clips that are probably of one artist. Each of a few such
candidates is scored on the training clips by cross validation [2]_, which holds out whole groups
where the protocol's folds do, and single clips where these do; the best of them, by Brier score, is
then fitted to all training clips. Test clips are joined to the graph by their features, and hear
each other there, unless they join one by one; their genres are never used.

Model ``best_known_artists`` is the same where it is known which clips are of one artist, of test
clips too, as collections of music know it: what is certain then stands in the graph in place of
what is probable. It is there if an artist is known to play two of the clips, and test clips hear
each other.

The candidates and their constants were found by exploring on two tables of GTZAN, with other deals
of their folds: the choice inside a fold guards against tuning to folds, not to GTZAN.

References
----------
.. [1] J. Gasteiger, A. Bojchevski, S. Günnemann, "Predict then Propagate: Graph Neural Networks
   meet Personalized PageRank", ICLR 2019, equation 4.
.. [2] G. Cawley, N. Talbot, "On Over-fitting in Model Selection and Subsequent Selection Bias in
   Performance Evaluation", JMLR 11, 2010.
.. [3] J. Friedman, "Regularized Discriminant Analysis", JASA 84, 1989: towards a common variance,
   within the covariance that all genres share.
"""

import logging
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.preprocessing import QuantileTransformer
from sklearn.svm import SVC

from folds.deal import dealt_whole
from folds.groups import groups_of
from graph.adjacency import EXACT
from graph.plda import as_known, group_graph
from graph.similarity import balanced, joined_one_by_one, scaled_rows, similarity_graph
from inputs.inputs import Inputs
from inputs.prepare import scale
from inputs.sample import limited
from learning import options
from learning.baselines import fit
from learning.every_fold import every_fold
from learning.hierarchical import hierarchical
from learning.predictions import Compared, Fit, by_fold, compared, write_compared
from settings.errors import UserError
from settings.groups import names_artist
from settings.seeds import fold_seed

logger = logging.getLogger(__name__)

Matrix = NDArray[np.float64]
INNER_FOLDS = 3
STEPS = 30
TREES = 300
QUANTILES = 200
FURTHEST = 3.0  # Normal scores are clipped to +-3: beyond lie the few clips at either end.
NEIGHBOURS = 20
DOMINANT = 0.1  # Share of a genre's training clips from which on an artist is told of.
MOST_FEATURES = 200  # More are reduced to as many principal components.


class Candidate(NamedTuple):
    """Classifiers whose probabilities are averaged, and the graph that spreads them.

    Attributes
    ----------
    name : str
    classifiers : tuple of str
        Keys of what `classifiers` gives.
    graph : {"none", "similar", "artists", "known_artists"}
        Nearest neighbours that are mutual and weighted by similarity, or clips of one artist: by
        what they sound like, or by what is known.
    share : float, in [0, 1)
        That of the neighbours in each step; 0: nothing is spread.
    """

    name: str
    classifiers: tuple[str, ...]
    graph: Literal["none", "similar", "artists", "known_artists"] = "none"
    share: float = 0.0

    def told(self) -> "Candidate":
        """The same where it is known which clips are of one artist."""
        if self.graph != "artists":
            return self
        name = self.name.replace("artists", "known_artists")
        return self._replace(name=name, graph="known_artists")


class Hearing(NamedTuple):
    """Whom the clips of a fold may hear, and how they are found.

    Attributes
    ----------
    seed : int
        Of everything random in the fold.
    one_by_one : bool
        Whether each test clip joins the graph of training clips by itself (inductive), so that
        nothing depends on it but what becomes of it.
    apart : bool
        Whether groups are held out whole, so that no training and test clip are of one artist.
    exact : int
        Clips up to which all distances are computed, as `graph.adjacency.adjacency` takes it.
    """

    seed: int = 0
    one_by_one: bool = False
    apart: bool = True
    exact: int = EXACT

    def of_fold(self, fold: int) -> "Hearing":
        """The same with the seed of a fold, where it had the configuration's."""
        return self._replace(seed=fold_seed(self.seed, fold))


HEARING = Hearing()
BLEND = ("svm", "forest", "hierarchical")
# From plain to elaborate: among equals the first is chosen.
CANDIDATES = (
    Candidate("logistic", ("logistic",)),
    Candidate("blend", BLEND),
    Candidate("blend_similar_0.5", BLEND, "similar", 0.5),
    Candidate("forest_hierarchical_artists_0.8", ("forest", "hierarchical"), "artists", 0.8),
    Candidate("forest_discriminants_artists_0.8", ("forest", "discriminants"), "artists", 0.8),
    Candidate("blend_artists_0.6", BLEND, "artists", 0.6),
)
MODELS: Mapping[str, Sequence[Candidate]] = {
    "best": CANDIDATES,
    "best_known_artists": [candidate.told() for candidate in CANDIDATES],
}


# Features


def normal_scores(x: NDArray[np.floating], train: NDArray[np.bool_]) -> Matrix:
    """Features by rank among training clips, as quantiles of a normal distribution.

    Parameters
    ----------
    x : NDArray[np.floating], shape (n, d)
    train : NDArray[np.bool_], shape (n,)
        Clips to whose values all are compared.

    Returns
    -------
    NDArray[np.float64], shape (n, d)
        Mean 0 and variance 1 over training clips; 0 where a feature is constant in training.
    """
    values = x.astype(np.float64)
    ranks = QuantileTransformer(
        n_quantiles=min(QUANTILES, int(train.sum())), output_distribution="normal", subsample=None
    )
    scores = ranks.fit(values[train]).transform(values).clip(-FURTHEST, FURTHEST)
    scores[:, values[train].min(axis=0) == values[train].max(axis=0)] = 0
    return scale(scores, train, "standard")


def prepared(inputs: Inputs) -> Inputs:
    """Inputs as normal scores, or at most `MOST_FEATURES` principal components of them.

    Components share a scale on which their mean variance over training clips is 1, as that of
    normal scores is: what classifiers hold for near or for large does not grow with the features.
    """
    x = normal_scores(inputs.x, inputs.train)
    most = min(MOST_FEATURES, int(inputs.train.sum()) - 1)
    if x.shape[1] > most:
        x = PCA(most, svd_solver="full").fit(x[inputs.train]).transform(x)
        x /= np.sqrt(x[inputs.train].var(axis=0).mean()) or 1
    return replace(inputs, x=x.astype(np.float32))


# Prediction


def classifiers(inputs: Inputs, artists: NDArray[np.str_], seed: int = 0) -> dict[str, Matrix]:
    """Probabilities by each classifier, shape (n, c).

    Of very many clips the SVM and the forest learn from a sample: both take long.

    Parameters
    ----------
    inputs : Inputs
        As `prepared` gives them.
    artists : NDArray[np.str_], shape (n,)
        Those of test clips are not looked at.
    seed : int
        Of the forest and the sample.
    """
    few = limited(inputs, seed)
    models = {
        "logistic": (LogisticRegression(C=0.2, max_iter=2000), inputs),
        "svm": (SVC(C=10, gamma=0.15 / inputs.x.shape[1]), few),
        "forest": (RandomForestClassifier(TREES, random_state=seed), few),
    }
    found = {name: fit(*each).probabilities for name, each in models.items()}
    found["hierarchical"] = hierarchical(inputs, artists).probabilities
    found["discriminants"] = discriminants(inputs)
    return found


def discriminants(inputs: Inputs) -> Matrix:
    """Probabilities by linear discriminants, whose covariance is shrunk as in [3]_.

    Parameters
    ----------
    inputs : Inputs
        n clips, c genres.

    Returns
    -------
    NDArray[np.float64], shape (n, c)
        A genre absent from training has probability 0.
    """
    train = inputs.y[inputs.train]
    if len(train) == len(np.unique(train)):  # scikit-learn refuses a single clip of each genre.
        return hierarchical(inputs, inputs.clips).probabilities
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Of a genre of one clip: it has no spread.
        return fit(LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3), inputs).probabilities


# Propagation


def graphs(
    inputs: Inputs, artists: NDArray[np.str_], hearing: Hearing = HEARING, told: bool = False
) -> dict[str, sparse.csr_array]:
    """Graphs along which probabilities spread, each shape (n, n).

    Parameters
    ----------
    inputs : Inputs
        As `prepared` gives them.
    artists : NDArray[np.str_], shape (n,)
        As the folds name them. Those of test clips are looked at for ``known_artists`` alone.
    hearing : Hearing
        A test clip that joins by itself has no other clip that may be of its artist, since artists
        are then held out whole, and hears none.
    told : bool
        Whether there is a graph of known artists, too.

    Returns
    -------
    dict
        ``similar``, ``artists`` and, if told, ``known_artists``: row i has what clip i hears,
        scaled as D^(-1/2) W D^(-1/2).
    """
    x, one_by_one = inputs.x.astype(np.float64), hearing.one_by_one
    search = ("euclidean", NEIGHBOURS, hearing.exact, hearing.seed)
    similar = (
        joined_one_by_one(x, inputs.train, *search)
        if one_by_one
        else balanced(similarity_graph(x, *search))
    )
    apart = hearing.apart or one_by_one
    probable = group_graph(x, inputs.train, artists, apart=apart)
    of_artists = {"artists": balanced(probable)}
    if told:
        named = np.array([names_artist(artist) for artist in artists])
        known = as_known(probable, artists, named, inputs.train if apart else None)
        of_artists["known_artists"] = balanced(known)
    if one_by_one:  # No edge joins a training and a test clip.
        heard = inputs.train.astype(np.float64)
        of_artists = {name: scaled_rows(graph, heard) for name, graph in of_artists.items()}
    return {"similar": similar, **of_artists}


def propagate(
    probabilities: Matrix, inputs: Inputs, spread: sparse.csr_array, share: float
) -> Matrix:
    """Spread training genres and test probabilities over a graph, as in equation 4 of [1]_.

    Parameters
    ----------
    probabilities : NDArray[np.float64], shape (n, c)
    inputs : Inputs
        n clips, c genres; genres of test clips are not used.
    spread : scipy.sparse.csr_array, shape (n, n)
        As `graphs` gives it.
    share : float, in [0, 1)
        That of the neighbours in each step.

    Returns
    -------
    NDArray[np.float64], shape (n, c)
        Rows add up to 1. Training clips keep their probabilities: their genre is put in, and would
        be all that comes out. So does a test clip without neighbours.
    """
    train = inputs.train[:, None]
    begin = np.where(train, np.eye(probabilities.shape[1])[inputs.y], probabilities)
    now = begin
    for _ in range(STEPS):
        now = (1 - share) * begin + share * (spread @ now)
    return np.where(train, probabilities, now / now.sum(axis=1, keepdims=True))


def all_probabilities(
    inputs: Inputs,
    artists: NDArray[np.str_],
    candidates: Sequence[Candidate] = CANDIDATES,
    hearing: Hearing = HEARING,
) -> dict[str, Matrix]:
    """Probabilities by name of candidate, shape (n, c).

    Parameters
    ----------
    inputs : Inputs
        n clips, c genres.
    artists : NDArray[np.str_], shape (n,)
        As `graphs` takes them.
    candidates : sequence of Candidate
    hearing : Hearing
    """
    seen = prepared(inputs)
    told = any(candidate.graph == "known_artists" for candidate in candidates)
    predicted = classifiers(seen, artists, hearing.seed)
    spread = graphs(seen, artists, hearing, told)
    found = {}
    for candidate in candidates:
        mean = np.mean([predicted[name] for name in candidate.classifiers], axis=0)
        found[candidate.name] = (
            propagate(mean, seen, spread[candidate.graph], candidate.share)
            if candidate.share
            else mean
        )
    return found


# Choice


def training_clips(inputs: Inputs) -> Inputs:
    """Inputs without the test clips."""
    keep = inputs.train
    return replace(
        inputs,
        x=inputs.x[keep],
        y=inputs.y[keep],
        train=inputs.train[keep],
        clips=inputs.clips[keep],
    )


def choose(
    inputs: Inputs,
    groups: NDArray[np.str_],
    artists: NDArray[np.str_],
    hearing: Hearing = HEARING,
    models: Mapping[str, Sequence[Candidate]] = MODELS,
) -> pd.DataFrame:
    """Score candidates on the training clips alone, whole groups being held out in turn.

    Parameters
    ----------
    inputs : Inputs
        n clips. Test clips take no part, not even by their features. (The scaling of the inputs
        has seen the features of all training clips.)
    groups : NDArray[np.str_], shape (n,)
        As `held_out_whole` gives them.
    artists : NDArray[np.str_], shape (n,)
        As `graphs` takes them.
    hearing : Hearing
        Its seed is also that of the inner folds.
    models : mapping of str to sequence of Candidate
        What each model chooses from.

    Returns
    -------
    pd.DataFrame
        ``model candidate inner_accuracy inner_brier chosen``, a row a model and candidate in the
        order given. All training clips are predicted once. Of a model, the first whose
        probabilities are nearest to what is true (Brier score, of which less is better) is chosen:
        accuracies, which count a narrow miss like any other, differ by chance more than candidates
        do.

    Raises
    ------
    UserError
        If the training clips are of fewer than two groups.
    """
    inner, known = training_clips(inputs), artists[inputs.train]
    shape = (len(inner.y), len(inner.genres))
    brier = partial(brier_score_loss, labels=np.arange(shape[1]), scale_by_half=False)
    candidates = all_of(models)
    predicted = {candidate.name: np.zeros(shape) for candidate in candidates}
    for held_out in inner_folds(inner.y, groups[inputs.train], hearing.seed):
        fold = replace(inner, train=~held_out)
        for name, found in all_probabilities(fold, known, candidates, hearing).items():
            predicted[name][held_out] = found[held_out]
    scores = {
        name: ((found.argmax(axis=1) == inner.y).mean(), brier(inner.y, found))
        for name, found in predicted.items()
    }
    rows = [
        (model, candidate.name, *scores[candidate.name])
        for model, own in models.items()
        for candidate in own
    ]
    table = pd.DataFrame(rows, columns=["model", "candidate", "inner_accuracy", "inner_brier"])
    least = table.groupby("model")["inner_brier"].idxmin()
    return table.assign(chosen=table.index.isin(least))


def all_of(models: Mapping[str, Sequence[Candidate]]) -> list[Candidate]:
    """What models choose from, each candidate once."""
    return list(dict.fromkeys(candidate for own in models.values() for candidate in own))


def chosen_of(scores: pd.DataFrame) -> dict[str, Candidate]:
    """What each model chose, by its scores as `choose` gives them."""
    by_name = {candidate.name: candidate for candidate in all_of(MODELS)}
    chosen = scores[scores["chosen"]].set_index("model")["candidate"]
    return {str(model): by_name[name] for model, name in chosen.items()}


def models_of(folds: pd.DataFrame, hearing: Hearing = HEARING) -> dict[str, Sequence[Candidate]]:
    """The models of `MODELS`, but that which is told artists only where that can tell it anything.

    Parameters
    ----------
    folds : pd.DataFrame
        With ``clip`` and ``artist``.
    hearing : Hearing
        A clip that joins by itself has nobody of its artist to hear.
    """
    artists = folds.drop_duplicates("clip")["artist"].dropna()
    shared = artists[artists.map(names_artist)].duplicated().any()
    return dict(MODELS) if shared and not hearing.one_by_one else {"best": CANDIDATES}


def inner_folds(
    y: NDArray[np.int64], groups: NDArray[np.str_], seed: int
) -> list[NDArray[np.bool_]]:
    """Clips held out in each of at most three folds: whole groups, genres spread evenly.

    Raises
    ------
    UserError
        If there are fewer than two groups.
    """
    folds = min(INNER_FOLDS, len(np.unique(groups)))
    if folds < 2:
        raise UserError(
            "the training clips are all of one group: a model cannot be chosen on groups that it "
            "has not heard. Give the dataset's sheet a column group with at least two groups"
        )
    dealt = dealt_whole(y, groups, folds, np.random.default_rng(seed))
    return [dealt == fold for fold in range(folds)]


def held_out_whole(folds: pd.DataFrame, clips: NDArray[np.str_], apart: bool) -> NDArray[np.str_]:
    """What is held out whole inside the training clips, as the protocol's folds hold it out.

    Parameters
    ----------
    folds, clips
        As `groups_of` takes them.
    apart : bool
        Whether folds keep groups whole; else each clip is held out by itself.

    Returns
    -------
    NDArray[np.str_], shape (n,)
    """
    return groups_of(folds, clips, "group") if apart else clips


def dominant(inputs: Inputs, artists: NDArray[np.str_]) -> pd.DataFrame:
    """Artists of more than `DOMINANT` of a genre's training clips, and of more than one.

    Parameters
    ----------
    inputs : Inputs
        n clips.
    artists : NDArray[np.str_], shape (n,)

    Returns
    -------
    pd.DataFrame
        ``genre artist share``, the largest share first.
    """
    learnt = pd.DataFrame({"genre": inputs.genres[inputs.y], "artist": artists})[inputs.train]
    counts = learnt.value_counts()
    shares = counts / counts.groupby("genre").transform("sum")
    found = shares[(shares > DOMINANT) & (counts > 1)].sort_values(ascending=False)
    return found.reset_index(name="share")


def learn(
    inputs: Path, fold: int, dealt: pd.DataFrame, hearing: Hearing
) -> tuple[pd.DataFrame, Compared]:
    """Choose models inside the training clips of a fold, and fit them to all of them.

    Parameters
    ----------
    inputs, fold
        As `learning.every_fold` gives them.
    dealt : pd.DataFrame
        The folds: ``clip group artist``.
    hearing : Hearing
        Its seed is the configuration's.

    Returns
    -------
    scores : pd.DataFrame
        As `choose` gives them, with ``test_accuracy``.
    predictions : Compared
        Of what each model chose.
    """
    data, own = Inputs.load(inputs), hearing.of_fold(fold)
    groups = held_out_whole(dealt, data.clips, own.apart)
    artists = groups_of(dealt, data.clips, "artist")
    for genre, artist, share in dominant(data, artists).itertuples(index=False):
        logger.warning(
            "fold %d: %s has %.0f %% of the training clips of %s: what artists sound like is "
            "learnt from one more than from others",
            *(fold, artist, 100 * share, genre),
        )
    start = time.perf_counter()
    models = models_of(dealt, own)
    scores = choose(data, groups, artists, own, models)
    chosen = chosen_of(scores)
    logger.info("fold %d, chosen: %s\n%s", fold, chosen, scores.to_string(index=False))
    found = all_probabilities(data, artists, all_of(models), own)
    scores["test_accuracy"] = [
        (found[name].argmax(axis=1) == data.y)[~data.train].mean() for name in scores["candidate"]
    ]
    seconds = time.perf_counter() - start  # Of all models together: they share nearly everything.
    fits = {model: Fit(found[candidate.name], 0, seconds) for model, candidate in chosen.items()}
    return scores, compared(data, fits)


def main(
    inputs: options.InputsFiles,
    folds: Annotated[Path, typer.Option(help="Folds, which know groups and artists (Parquet).")],
    neighbours: options.Neighbours,
    apart: options.Apart,
    exact: options.Exact,
    seed: options.Seed,
    choice: Annotated[
        Path,
        typer.Option(help="Candidates' scores inside and in the test part, to be written (CSV)."),
    ],
    times: Annotated[Path, typer.Option(help="Epochs and seconds, to be written (CSV).")],
    output: Annotated[Path, typer.Option(help="Predictions, to be written (Parquet).")],
    jobs: options.Jobs = 1,
) -> None:
    """Choose models inside the training clips of each fold, and fit them to all of them."""
    dealt = pd.read_parquet(folds, columns=["clip", "group", "artist"])
    hearing = Hearing(seed, neighbours == "train", apart, exact)
    found = every_fold(partial(learn, dealt=dealt, hearing=hearing), inputs, jobs)
    by_fold([scores for scores, _ in found]).to_csv(choice, index=False)
    write_compared([predicted for _, predicted in found], output, times)
