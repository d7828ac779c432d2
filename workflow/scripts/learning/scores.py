"""Scores of a model's predictions of a fold."""

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score, log_loss

from learning.predictions import NAMED


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
        there; log loss is in nats. Models that spread genres over a graph predict a training clip
        without its own, which would come out as it was put in.
    """
    genres = predictions.columns.drop(NAMED)
    train = predictions[predictions["part"] == "train"]
    test = predictions[predictions["part"] == "test"]
    # By number: scikit-learn takes three times as long over names.
    true, predicted = (genres.get_indexer(pd.Index(test[name])) for name in ("true", "predicted"))
    return {
        "n_train": len(train),
        "n_test": len(test),
        "train_accuracy": (train["true"] == train["predicted"]).mean(),
        "test_accuracy": (true == predicted).mean(),
        "test_macro_f1": f1_score(true, predicted, average="macro", zero_division=0),
        "test_log_loss": log_loss(true, test[genres].to_numpy(), labels=np.arange(len(genres))),
    }
