import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from tests.predict.conftest import drawn, listed, new_features

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.common.errors import UserError
from genregraph.datasets.sheet import Row
from genregraph.predict.predictor import predict
from genregraph.predict.tables import (
    by_artist,
    in_words,
    nearest_songs,
    of_files,
    of_pieces,
    read_artists,
)


def test_prediction_of_a_file_is_the_mean_of_its_pieces(learnt) -> None:
    predictor = learnt(drawn(60))
    starts = [0, 0, 30, 60]
    pieces = pd.DataFrame({"file": ["a", "long", "long", "long"], "start": starts, "length": 30})
    pieces[["start", "length"]] *= SAMPLE_RATE
    features = new_features(4).copy()
    features[3] = 50  # One piece of three is like nothing.
    table = of_pieces(pieces, predict(predictor, features), predictor)
    assert table["unlike"].tolist() == [False, False, False, True]
    assert table[["start", "end"]].to_numpy().tolist() == [[each, each + 30] for each in starts]
    files = of_files(table, predictor)
    assert files["pieces"].to_dict() == {"a": 1, "long": 3}
    columns = [f"p({genre})" for genre in predictor.genres]
    means, long = table[columns].iloc[1:].mean(), files.loc["long"]
    assert_allclose(long[columns].astype(float), means)
    assert long["genre"] == means.idxmax()[2:-1]
    assert long["probability"] == pytest.approx(means.max())
    assert long["genres"].startswith(f"{long['genre']} {means.max():.2f}, ")
    assert files["unlike"].tolist() == [False, False]


@pytest.mark.parametrize("model", ["graphsage", "lda"])
def test_neighbours_are_songs_with_artist_and_title_the_nearest_first(learnt, model) -> None:
    old = drawn(30)
    predictor = learnt(old, model, graph={"k": 20})
    clips = listed(old)["clip"].tolist()
    rows = [Row(clips[0], "a.wav", "folk", artist="Ann", title="Song")]
    features = np.vstack([old.drop(columns="genre").to_numpy()[[0, 1]], np.zeros((1, 6))])
    songs = nearest_songs(["x", "x", "y"], predict(predictor, features), predictor, rows)
    for _, near in songs.groupby("file"):
        assert near["distance"].is_monotonic_increasing
        assert near["rank"].tolist() == list(range(1, 11))
        assert near["clip"].is_unique
        assert near["share"].between(0, 1).all()
        assert near["share"].any() == (model == "graphsage")
    assert songs.loc[0, ["clip", "artist", "title"]].tolist() == [clips[0], "Ann", "Song"]
    assert songs["distance"].iloc[:2].tolist() == [0, 0]  # Each piece's own training clip.
    line = in_words(songs)["x"]
    assert line.startswith(f"Ann: Song (folk, 0.00); {clips[1]} (jazz, 0.00); ")
    assert line.count(";") == 2


def test_files_of_one_artist_have_the_mean_of_their_probabilities() -> None:
    rows = [[0.6, 0.4], [0.1, 0.9], [0.9, 0.1], [0.3, 0.7], [0.2, 0.8]]
    probabilities = pd.DataFrame(rows, columns=["jazz", "rock"])
    artists = ["The Ann's", "anns", "Bo", "V.A.", "various artists"]
    table = by_artist(artists, probabilities)
    assert table["artist"].tolist() == ["The Ann's", "anns", "Bo", "", ""]
    assert table["genre_by_artist"].tolist() == ["rock", "rock", "", "", ""]
    assert_allclose(table["probability_by_artist"], [0.65, 0.65, np.nan, np.nan, np.nan])
    assert by_artist([], probabilities.iloc[:0]).shape == (0, 3)


@pytest.mark.parametrize(
    "content",
    [
        'file,artist,title\na.mp3,"Simon, Paul",x\nsub/b.mp3,Bo,y\ngone.mp3,Cy,z\n',
        "\ufefffile;artist\r\na.mp3;Simon, Paul\r\nsub/b.mp3;Bo\r\n",
        "artist\tfile\nSimon, Paul\tlists/a.mp3\nBo\tlists/sub/b.mp3\n",
    ],
)
def test_artists_sheet_names_files_from_its_folder_or_that_of_the_run(
    tmp_path, monkeypatch, content
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists").mkdir()
    sheet = tmp_path / "lists/artists.txt"
    sheet.write_text(content, encoding="utf-8")
    artists = read_artists(sheet, ["lists/a.mp3", "lists/sub/b.mp3", "other.mp3"])
    assert artists == {"lists/a.mp3": "Simon, Paul", "lists/sub/b.mp3": "Bo"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"file,singer\na.mp3,Ann\n", "has columns file, singer; it needs file and artist"),
        (b"file,artist\nb.mp3,Ann\n", "none of the 1 rows .* such as 'a.mp3'"),
        (b"file,artist\na.mp3,Caf\xe9\n", "cannot be read"),
        (b"", "cannot be read"),
    ],
)
def test_artists_sheet_of_no_use_is_an_error(tmp_path, content, message) -> None:
    (tmp_path / "sheet.csv").write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_artists(tmp_path / "sheet.csv", ["a.mp3"])
