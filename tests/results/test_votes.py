import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal

from results.votes import by_song, judge

COLUMNS = ["clip", "true", "predicted", "part", "blues", "jazz"]
ROWS = [
    ("s2.0", "jazz", "blues", "test", 0.625, 0.375),
    ("s1.0", "blues", "blues", "train", 0.75, 0.25),
    ("s2.1", "jazz", "blues", "test", 0.625, 0.375),
    ("s2.2", "jazz", "jazz", "test", 0.0, 1.0),
    ("s1.1", "blues", "jazz", "train", 0.5, 0.5),
]
SOURCE = {"s1.0": "s1", "s1.1": "s1", "s2.0": "s2", "s2.1": "s2", "s2.2": "s2"}


@pytest.fixture
def segments():
    return pd.DataFrame(ROWS, columns=COLUMNS)


def test_a_song_has_the_mean_of_its_segments(segments):
    """One sure segment may outvote two unsure ones."""
    songs = by_song(segments, SOURCE)
    expected = pd.DataFrame(
        [
            ("s2", "jazz", "jazz", "test", 1.25 / 3, 1.75 / 3),
            ("s1", "blues", "blues", "train", 0.625, 0.375),
        ],
        columns=COLUMNS,
    )
    assert_frame_equal(songs, expected)


def test_songs_of_one_segment_stay_as_they_are(segments):
    itself = {clip: clip for clip in segments["clip"]}
    expected = segments.assign(predicted=["blues", "blues", "blues", "jazz", "blues"])
    assert_frame_equal(by_song(segments, itself), expected)


def test_segments_of_either_part_vote_apart(segments):
    segments.loc[3, "part"] = "train"
    songs = by_song(segments, SOURCE).set_index(["clip", "part"])
    assert songs.index.tolist() == [("s2", "test"), ("s1", "train"), ("s2", "train")]
    assert_array_equal(songs.loc[("s2", "test"), ["blues", "jazz"]].tolist(), [0.625, 0.375])
    assert_array_equal(songs.loc[("s2", "train"), ["blues", "jazz"]].tolist(), [0, 1])


def test_the_segments_table_is_left_as_it_was(segments):
    by_song(segments, SOURCE)
    assert_frame_equal(segments, pd.DataFrame(ROWS, columns=COLUMNS))


def test_a_segment_of_no_known_song_is_refused(segments):
    with pytest.raises(KeyError, match=r"s2\.2"):
        by_song(segments, {clip: song for clip, song in SOURCE.items() if clip != "s2.2"})


def test_a_song_of_two_genres_is_refused(segments):
    segments.loc[4, "true"] = "jazz"
    with pytest.raises(ValueError, match="segments of s1 are of several genres"):
        by_song(segments, SOURCE)


# One verdict a song


@pytest.fixture
def folder(protocol, add_baselines):
    folder = protocol("paper")
    add_baselines(folder)
    return folder


def test_there_is_a_verdict_a_song_repeat_and_model(folder):
    itself = {f"clip{i}": f"clip{i}" for i in range(7)}
    right, group = judge(folder, itself, ["edgeless", "baselines"])
    assert right.columns.tolist() == ["graphsage", "edgeless", "svm"]
    tested = [(repeat, f"clip{i}") for repeat in (0, 1) for i in (3, 4, 5, 6)]
    # In the second repeat, the first two of these are all that GraphSAGE was tested on.
    assert right.index.tolist() == tested
    assert right["svm"].tolist() == [True] * 8
    assert right["edgeless"].tolist() == [True, False, True, True] * 2
    assert group.to_dict() == {"clip3": "a", "clip4": "a", "clip5": "b", "clip6": "c"}


def test_the_clips_of_a_song_vote_over_all_folds(folder, predicted):
    """Clips 3 and 4 of a song are tested in different folds, the one right and sure of it."""
    for number, clip in enumerate(["clip3", "clip4"] * 2):
        table = predicted[predicted["clip"].isin([clip, "clip0"])].copy()
        table.loc[table["clip"] == "clip3", ["blues", "jazz", "rock"]] = [0.9, 0.1, 0.0]
        table.to_parquet(folder / f"fold-{number:02d}" / "predictions.parquet")
    source = {**{f"clip{i}": f"clip{i}" for i in range(7)}, "clip4": "clip3"}
    right = judge(folder, source, []).right["graphsage"].dropna()
    assert right.index.tolist() == [(0, "clip3"), (1, "clip3")]
    assert right.tolist() == [True, True]
