import numpy as np
import pytest
from tests.predict.conftest import drawn, listed

from genregraph.datasets.row import Row
from genregraph.predict.neighbours import in_words, of_files
from genregraph.predict.predictor import predict


@pytest.mark.parametrize("model", ["graphsage", "lda"])
def test_neighbours_are_songs_with_artist_and_title_the_nearest_first(learnt, model) -> None:
    old = drawn(30)
    predictor = learnt(old, model, graph={"k": 20})
    clips = listed(old)["clip"].tolist()
    rows = [Row(clips[0], "a.wav", "folk", artist="Ann", title="Song")]
    features = np.vstack([old.drop(columns="genre").to_numpy()[[0, 1]], np.zeros((1, 6))])
    found = of_files(["x", "x", "y"], predict(predictor, features), predictor, rows)
    assert found["file"].value_counts().to_dict() == {"x": 10, "y": 10}
    for _, near in found.groupby("file"):
        assert near["distance"].is_monotonic_increasing
        assert near["rank"].tolist() == list(range(1, 11))
        assert near["clip"].is_unique
        assert near["share"].between(0, 1).all()
        assert near["share"].any() == (model == "graphsage")
    first = found.iloc[0]
    assert (first["clip"], first["artist"], first["title"]) == (clips[0], "Ann", "Song")
    assert first["distance"] == found.iloc[1]["distance"] == 0  # Each piece's own training clip.
    (said,) = in_words(["x"], found)
    assert said.startswith(f"Ann: Song (folk, 0.00); {clips[1]} (jazz, 0.00); ")
    assert said.count(";") == 2
