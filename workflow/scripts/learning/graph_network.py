"""A graph network that hears similar clips and probable artists, and its twin that hears nobody.

Two graphs carry what a clip cannot know by itself, and each is used where it carried most when
ideas were tried one by one (docs/graph_network.md has the figures):

- *Inputs* are a clip's features and the weighted sum of similar clips' features, side by side,
  computed once before training as in SIGN [1]_; no layer forgets what the clip itself is, as in
  jumping knowledge [2]_. An ensemble of small networks, kept from learning by heart by dropout
  [3]_ and smoothed labels [4]_, gives genres probabilities.
- *Predictions* then spread among clips that are probably of one artist by personalised PageRank
  [5]_, after training, as in the second half of Correct and Smooth [6]_. Where whole artists are
  held out, a test clip hears none but other test clips, whose genres nobody knows; where clips are
  held out singly, it hears training clips, too.

To hear neighbours is all that tells the network from its twin: the twin is the network on graphs
without edges. Its clips hear nothing (zeros) where others hear similar clips, and their features,
initial weights and training are the same.

References
----------
.. [1] F. Frasca et al., "SIGN: Scalable Inception Graph Neural Networks", arXiv:2004.11198.
.. [2] K. Xu et al., "Representation Learning on Graphs with Jumping Knowledge Networks", ICML 2018.
.. [3] N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
   JMLR 15, 2014.
.. [4] C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
.. [5] J. Gasteiger, A. Bojchevski, S. Günnemann, "Predict then Propagate: Graph Neural Networks
   meet Personalized PageRank", ICLR 2019: APPNP, which trains through the propagation.
.. [6] Q. Huang et al., "Combining Label Propagation and Simple Models Out-performs Graph Neural
   Networks", ICLR 2021.
"""

import logging
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import torch
import typer
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from folds.groups import groups_of
from inputs.inputs import Inputs
from learning import options
from learning.best import HEARING, Hearing, graphs, prepared, propagate
from learning.every_fold import every_fold
from learning.predictions import Compared, Fit, compared, write_compared
from training.adam import Adam
from training.reproducible import reproducibly

logger = logging.getLogger(__name__)

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """What shapes the network and its training; found on two tables of GTZAN by other deals.

    Attributes
    ----------
    members, hidden : int
        Networks whose probabilities are averaged, and neurons in the hidden layer of each.
    epochs : int
        Passes over all training clips. Accuracy hardly changes between 60 and 120.
    learning_rate : float
        Adam's.
    drop_inputs, drop_hidden : float, in [0, 1)
        Probability that an input, or a hidden neuron, is left out of a pass.
    smoothing : float, in [0, 1)
        Share of each training label that is given to all genres alike.
    similar : bool
        Whether a clip hears the features of similar clips.
    share : float, in [0, 1)
        That of probable clips of the same artist in each step of propagation; 0: none are heard.
    """

    members: int = 10
    hidden: int = 64
    epochs: int = 60
    learning_rate: float = 0.01
    drop_inputs: float = 0.2
    drop_hidden: float = 0.5
    smoothing: float = 0.1
    similar: bool = True
    share: float = 0.8


DESIGN = Design()
EDGELESS = replace(DESIGN, similar=False, share=0.0)


class Ensemble(nn.Module):
    """Networks of one hidden layer, side by side, each with weights and dropout of its own."""

    def __init__(self, features: int, genres: int, design: Design) -> None:
        super().__init__()
        self.inward = _layer(design.members, features, design.hidden)
        self.outward = _layer(design.members, design.hidden, genres)
        self.drop_inputs = nn.Dropout(design.drop_inputs)
        self.drop_hidden = nn.Dropout(design.drop_hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Scores, shape (members, n, genres), of features ``x``, shape (n, features)."""
        seen = self.drop_inputs(x.expand(len(self.inward[0]), -1, -1))
        hidden = torch.relu(torch.baddbmm(self.inward[1], seen, self.inward[0]))
        return torch.baddbmm(self.outward[1], self.drop_hidden(hidden), self.outward[0])


def _layer(members: int, inputs: int, outputs: int) -> nn.ParameterList:
    """Weights, shape (members, inputs, outputs), and biases, shape (members, 1, outputs)."""
    weights = (2 * torch.rand(members, inputs, outputs) - 1) / inputs**0.5
    return nn.ParameterList([weights, torch.zeros(members, 1, outputs)])


def heard(x: NDArray[np.float32], similar: sparse.csr_array | None) -> NDArray[np.float32]:
    """Features of clips, and those of the clips that each hears.

    Parameters
    ----------
    x : NDArray[np.float32], shape (n, d)
    similar : scipy.sparse.csr_array, shape (n, n), optional
        Row i weighs whom clip i hears; without, nobody hears anybody, as in a graph without edges.

    Returns
    -------
    NDArray[np.float32], shape (n, 2 d)
    """
    return np.hstack([x, np.zeros_like(x) if similar is None else similar @ x]).astype(np.float32)


def trained(
    x: NDArray[np.float32], y: NDArray[np.int64], genres: int, design: Design, seed: int
) -> Ensemble:
    """Train an ensemble.

    Parameters
    ----------
    x : NDArray[np.float32], shape (n, d)
        Of training clips.
    y : NDArray[np.int64], shape (n,)
        Their genres, in ``[0, genres)``.
    genres : int
    design : Design
    seed : int

    Returns
    -------
    Ensemble
        Ready to predict, in double precision.
    """
    features, labels = torch.from_numpy(x.copy()), torch.from_numpy(y.copy())
    with reproducibly(seed):
        model = Ensemble(x.shape[1], genres, design)
        optimiser = Adam(model.parameters(), design.learning_rate)
        for _ in range(design.epochs):
            scores = model(features).flatten(0, 1)
            loss = nn.functional.cross_entropy(
                scores, labels.repeat(design.members), label_smoothing=design.smoothing
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model.double().eval()


def fit(
    inputs: Inputs,
    artists: NDArray[np.str_],
    design: Design = DESIGN,
    hearing: Hearing = HEARING,
) -> Fit:
    """Train on the training clips of a fold, and predict all its clips.

    Parameters
    ----------
    inputs : Inputs
        n clips, c genres; genres of test clips are not used.
    artists : NDArray[np.str_], shape (n,)
        Those of test clips are not looked at.
    design : Design
    hearing : Hearing
        Its seed is also that of initial weights and dropout.

    Returns
    -------
    Fit
        Probabilities of training clips are those before any are propagated.
    """
    start = time.perf_counter()
    seen = prepared(inputs)
    found = graphs(seen, artists, hearing) if design.similar or design.share else {}
    x = heard(seen.x, found["similar"] if design.similar else None)
    learnt = x[inputs.train], inputs.y[inputs.train]
    model = trained(*learnt, len(inputs.genres), design, hearing.seed)
    with torch.no_grad():
        scores = model(torch.from_numpy(x).double())
        probabilities = torch.softmax(scores, dim=2).mean(dim=0).numpy()
    if design.share:
        probabilities = propagate(probabilities, inputs, found["artists"], design.share)
    return Fit(probabilities, design.epochs, time.perf_counter() - start)


def learn(inputs: Path, fold: int, dealt: pd.DataFrame, hearing: Hearing) -> Compared:
    """Train the graph network and its twin on one fold.

    Parameters
    ----------
    inputs, fold, dealt, hearing
        As `learning.best.learn` takes them; of the folds ``clip artist``.
    """
    data, own = Inputs.load(inputs), hearing.of_fold(fold)
    artists = groups_of(dealt, data.clips, column="artist")
    fits = {
        "graph_network": fit(data, artists, DESIGN, own),
        "graph_network_edgeless": fit(data, artists, EDGELESS, own),
    }
    return compared(data, fits)


def main(
    inputs: options.InputsFiles,
    folds: Annotated[Path, typer.Option(help="Folds, which know artists (Parquet).")],
    neighbours: options.Neighbours,
    apart: options.Apart,
    exact: options.Exact,
    seed: options.Seed,
    times: Annotated[Path, typer.Option(help="Epochs and seconds, to be written (CSV).")],
    output: Annotated[Path, typer.Option(help="Predictions of both, to be written (Parquet).")],
    jobs: options.Jobs = 1,
) -> None:
    """Train the graph network on every fold of a protocol, with messages and without."""
    logger.info("%s", DESIGN)
    dealt = pd.read_parquet(folds, columns=["clip", "artist"])
    hearing = Hearing(seed, neighbours == "train", apart, exact)
    train = partial(learn, dealt=dealt, hearing=hearing)
    write_compared(every_fold(train, inputs, jobs), output, times)
