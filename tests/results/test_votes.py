import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal

from results.collect import COLUMNS as RESULT
from results.collect import score
from results.votes import by_song, main

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


# The step


def test_main_scores_songs_of_every_protocol_model_and_fold(
    protocol, add_baselines, predicted, tmp_path
):
    """Clips 3 and 4, the one right and the other wrong, are of one song."""
    clips = predicted[["clip"]].assign(source=predicted["clip"].replace("clip4", "clip3"))
    clips.to_parquet(tmp_path / "clips.parquet")
    folders = [protocol(name) for name in ("paper", "clean")]
    for folder in folders:
        for number in range(4):
            add_baselines(folder / f"fold-{number:02d}")
    main(
        folders,
        tmp_path / "clips.parquet",
        "gtzan",
        "binary",
        tmp_path / "songs.csv",
        compared=["baselines"],
    )
    table = pd.read_csv(tmp_path / "songs.csv")
    assert table.columns.tolist() == RESULT[:-2]
    assert table["protocol"].tolist() == ["paper"] * 12 + ["clean"] * 12
    assert table["model"].tolist() == (["graphsage"] * 4 + ["svm"] * 4 + ["edgeless"] * 4) * 2
    assert table["n_test"].tolist() == ([3, 2, 1, 1] + [3] * 8) * 2
    expected = score(by_song(predicted, clips.set_index("clip")["source"].to_dict()))
    assert table.loc[0, [*expected]].to_dict() == pytest.approx(expected)
