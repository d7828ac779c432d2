from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from tests.predict.conftest import SETTINGS, drawn, listed

from folds.deal import stratified
from graph.adjacency import adjacency
from predict.predictor import Predictor, predict
from predict.train import main, own_distances, trained
from results.statistics import Interval, corrected_interval
from settings.errors import UserError


def test_distances_of_training_clips_leave_out_their_own_song() -> None:
    x = np.array([[0.0], [0.1], [0.2], [5.0], [5.3], [9.0]], dtype=np.float32)
    songs = np.array(["a", "a", "a", "b", "b", "c"])
    found = own_distances(x, songs, "euclidean", 1)
    np.testing.assert_allclose(found, [5.0, 4.9, 4.8, 4.0, 3.7, 3.7], atol=1e-6)
    assert np.isnan(own_distances(x, np.full(6, "a"), "euclidean", 1)).all()


def test_every_search_for_neighbours_is_told_its_limit_and_seed(learnt, monkeypatch) -> None:
    told = []

    def search(*how, exact, seed):
        told.append((exact, seed))
        return adjacency(*how, exact=exact, seed=seed)

    monkeypatch.setattr("predict.train.adjacency", search)
    learnt(drawn(31), exact=1234)
    assert told == 2 * [(1234, SETTINGS.seed)]


def test_a_single_genre_is_no_choice() -> None:
    table = drawn(9).query("genre == 'jazz'")
    with pytest.raises(UserError, match=r"3 clips of 1 genre\(s\) are no choice"):
        trained(table.drop(columns="genre"), listed(table), SETTINGS, "euclidean", 5)


def test_more_components_than_features_are_an_error(learnt) -> None:
    with pytest.raises(UserError, match="to: 7 is more than 6"):
        learnt(drawn(31), reduce_to=7)


@pytest.mark.parametrize("chosen", [{}, {"n_features": 3, "to": 2}])
def test_the_step_learns_from_all_clips_that_clean_takes_and_from_no_other(
    tmp_path, chosen
) -> None:
    table = drawn(40)
    clips = listed(table).assign(group="", artist="", split="", md5="", excluded="")
    clips.loc[5, "excluded"] = "a copy"
    # Features of what is left out say nothing, and would be seen in every mean if they were taken.
    table.loc[5, "f0"] = 1e6
    clips.to_parquet(tmp_path / "usable")
    features = table.drop(columns="genre").assign(length=1.0)
    features.insert(0, "clip", clips["clip"])
    features.sample(frac=1, random_state=0).to_parquet(tmp_path / "table", index=False)
    options = {**asdict(SETTINGS), "seed": 0, "backend": "torch", "device": "cpu"}
    options |= {"exact": 10_000, "at_once": 10_000}
    for name in ("a", "b"):
        main(
            [tmp_path / "table"],
            clips=tmp_path / "usable",
            scaling="standard",
            metric="euclidean",
            k=5,
            drop=["length"],
            output=tmp_path / name,
            **options,
            **chosen,
        )
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    found = Predictor.load(tmp_path / "a")
    assert found.clips == clips["clip"].drop(index=5).tolist()
    kept = features.drop(index=5)[found.preparation.columns].to_numpy()
    assert "length" not in found.preparation.columns
    assert kept.shape[1] == chosen.get("n_features", 6)
    assert_array_equal(found.x, [found.preparation(row) for row in kept])
    np.testing.assert_allclose(found.x.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(found.x.std(axis=0), 1, atol=1e-5)


def unseen_and_cross_validated(chosen: pd.DataFrame) -> tuple[float, Interval]:
    """Accuracy on three tenths of some clips, unseen, and what five folds of the others say of it.

    Clips are rows of the public table, as many of each genre.
    """
    chosen = chosen.reset_index(drop=True)
    clips = chosen["filename"].str.removesuffix(".wav")
    table = chosen.drop(columns=["filename", "length", "label"]).set_index(clips)
    known = pd.DataFrame({"clip": clips, "source": clips, "genre": chosen["label"]})
    settings = replace(SETTINGS, hidden=150, learning_rate=0.001, epochs=300)  # multiclass_knn

    def accuracy(train: np.ndarray, test: np.ndarray) -> float:
        predictor = trained(table[train], known[train], settings, "euclidean", 10)
        found = predict(predictor, table[test].to_numpy()).probabilities.argmax(axis=1)
        return float(np.mean(np.array(predictor.genres)[found] == known["genre"][test]))

    rng = np.random.default_rng(0)
    unseen = stratified(known["genre"].tolist(), 10, rng) < 3
    fold = np.full(len(known), -1)
    fold[~unseen] = stratified(known["genre"][~unseen].tolist(), 5, rng)
    scores = [accuracy(~unseen & (fold != number), fold == number) for number in range(5)]
    interval = corrected_interval(scores, 0.8 * (~unseen).sum(), 0.2 * (~unseen).sum())
    return accuracy(~unseen, unseen), interval


def test_unseen_real_clips_are_predicted_as_cross_validation_says(public_table) -> None:
    """30 clips by what is learnt from 70, the first ten of each genre of GTZAN."""
    accuracy, interval = unseen_and_cross_validated(public_table.groupby("label").head(10))
    assert interval.low <= accuracy <= interval.high
    assert interval.low > 0.3  # Of ten genres: it says something.
