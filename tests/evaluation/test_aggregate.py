import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal

from genregraph.datasets.groups import group_name
from genregraph.evaluation.aggregate import by_artist, by_song, known_artists

ARTISTS = pd.Series({"clip0": "artist a", "clip3": "artist a", "clip4": "artist a"})
GENRES = ["blues", "jazz", "rock"]


def folds_of(artists, repeats=1):
    clips = pd.DataFrame({"clip": [f"clip{i}" for i in range(len(artists))], "artist": artists})
    return pd.concat([clips.assign(repeat=repeat, fold=0) for repeat in range(repeats)])


def test_artists_of_the_sheet_are_known_and_songs_and_groups_are_none():
    names = [group_name("", artist, f"s{i}", "blues", "alone") for i, artist in enumerate("aa b")]
    folds = folds_of([*names[:2], "song s2", names[3], "group g"], repeats=2)
    known = known_artists(folds, "clean")
    assert known.to_dict() == {"clip0": "artist a", "clip1": "artist a", "clip3": "artist b"}


def test_where_no_artist_has_two_clips_there_is_nothing_to_average():
    assert known_artists(folds_of(["artist a", "artist b", "song c", "song c"], 2), "clean").empty


def test_under_inductive_no_clip_helps_another():
    assert known_artists(folds_of(["artist a", "artist a"]), "inductive").empty


def test_test_clips_of_an_artist_share_their_mean_and_all_others_stay_as_they_are(predicted):
    found = by_artist(predicted, ARTISTS)
    mean = [0.375, 0.375, 0.25]
    assert_allclose(found.loc[[3, 4], GENRES], [mean, mean])
    assert found.loc[[3, 4], "predicted"].tolist() == ["blues", "blues"]
    others = [0, 1, 2, 5, 6]  # The artist's training clip among them.
    assert_frame_equal(found.loc[others], predicted.loc[others])
    assert predicted.loc[4, "predicted"] == "jazz"


def test_clips_of_unknown_artists_that_share_a_name_stay_alone(predicted):
    artists = ["artist a", *["song s"] * 5, "artist a"]
    folds = predicted[["clip"]].assign(artist=artists)
    assert_frame_equal(by_artist(predicted, known_artists(folds, "clean")), predicted)


def test_artists_are_averaged_within_a_fold_alone(predicted):
    later = predicted.assign(repeat=1, blues=0.0, jazz=0.0, rock=1.0, predicted="rock")
    both = pd.concat([predicted, later], ignore_index=True)
    expected = pd.concat([by_artist(predicted, ARTISTS), later], ignore_index=True)
    assert_frame_equal(by_artist(both, ARTISTS), expected)


def test_a_song_has_the_mean_of_its_test_segments_in_a_fold(predicted):
    songs = pd.Series([f"s{i}" for i in (0, 1, 2, 3, 3, 2, 6)], index=predicted["clip"])
    other = predicted.assign(fold=1, part=["test"] + ["train"] * 6)
    found = by_song(pd.concat([predicted, other], ignore_index=True), songs)
    assert found["clip"].tolist() == ["s3", "s2", "s6", "s0"]
    assert found["fold"].tolist() == [0, 0, 0, 1]
    assert set(found["part"]) == {"test"}
    assert_allclose(found[GENRES].iloc[0], [0.375, 0.375, 0.25])
    assert found["predicted"].tolist() == ["blues", "jazz", "rock", "blues"]
    assert found.columns.tolist() == predicted.columns.tolist() or set(found) == set(predicted)


def test_one_confident_segment_may_outweigh_two(predicted):
    predicted.loc[3, GENRES] = [0.0, 1.0, 0.0]
    predicted.loc[4, GENRES] = predicted.loc[5, GENRES] = [0.6, 0.4, 0.0]
    songs = pd.Series(["a", "b", "c", "d", "d", "d", "e"], index=predicted["clip"])
    assert by_song(predicted, songs).set_index("clip").loc["d", "predicted"] == "jazz"


def test_songs_of_one_segment_stay_as_they_are(predicted):
    itself = pd.Series(predicted["clip"].to_numpy(), index=predicted["clip"])
    assert_frame_equal(by_song(predicted, itself), predicted[3:].reset_index(drop=True))


def test_a_segment_of_no_known_song_is_an_error(predicted):
    with pytest.raises(KeyError, match="clip3"):
        by_song(predicted, pd.Series({"clip4": "s"}))


def test_a_hundred_thousand_clips_take_seconds():
    import time

    n = 100_000
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.random((n, 10)), columns=[f"g{i}" for i in range(10)])
    clips = np.array([f"clip.{i}" for i in range(n)])
    table = table.assign(clip=clips, repeat=0, fold=rng.integers(5, size=n), part="test")
    table = table.assign(true="g0", predicted="g1")
    artists = pd.Series([f"artist {i}" for i in rng.integers(20_000, size=n)], index=clips)
    start = time.perf_counter()
    found = by_artist(table, artists)
    by_song(table, pd.Series(artists.to_numpy(), index=clips))
    assert time.perf_counter() - start < 10
    means = found.groupby([artists.loc[found["clip"]].to_numpy(), "fold"])["g0"].nunique()
    assert (means == 1).all()
