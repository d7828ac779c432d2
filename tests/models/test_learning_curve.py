"""Accuracy by the number of training artists, and of clips."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from genregraph.config.experiment import Experiment
from genregraph.models.learning_curve import (
    COLUMNS,
    Design,
    curve,
    design,
    draw,
    main,
    part_of,
    points,
    sizes_of,
)
from genregraph.preprocessing.inputs import Inputs, save_inputs

ASKED = {"graphsage": {"hidden": 16, "epochs": 40, "learning_rate": 0.02, "weights": "equal"}}


def collection(artists: int = 12, clips: int = 8, offset: float = 1.0, seed: int = 0) -> Inputs:
    """Three genres whose artists differ by more than their clips; a third of artists are tested."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(3), artists * clips)
    artist = np.repeat(np.arange(3 * artists), clips)
    x = 2 * np.eye(3, 8)[y] + offset * rng.normal(size=(3 * artists, 8))[artist]
    x += 0.2 * rng.normal(size=x.shape)
    names = np.array([f"artist {number}" for number in artist])
    return Inputs(
        x=x.astype(np.float32),
        y=y,
        train=artist % 3 != seed % 3,
        clips=np.array([f"clip{i:03d}" for i in range(len(y))]),
        genres=np.array(["blues", "jazz", "rock"]),
        features=np.array(list("abcdefgh")),
        groups=names,
        artists=names,
    )


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    folds = [collection(seed=seed) for seed in range(3)]
    return curve(folds, Experiment.model_validate(ASKED), seed=0)


def test_more_artists_help_more_than_more_clips_where_artists_differ(table) -> None:
    means = table.groupby(["model", "series", "artists", "clips"])["accuracy"].mean().unstack(0)
    assert means.columns.tolist() == ["edgeless", "graphsage", "lda", "logistic"]
    # Four times as many of both.
    by_artists = means.loc["artists", 12, 24] - means.loc["artists", 3, 24]
    by_clips = means.loc["clips", 3, 24] - means.loc["clips", 3, 6]
    assert (by_artists > 0.1).all()
    assert by_artists.mean() > by_clips.mean() + 0.1
    assert means.loc["artists", 3, 24].equals(means.loc["clips", 3, 24])  # A point in common.


def test_each_series_varies_one_number_alone_and_tests_the_same_clips(table) -> None:
    assert table.columns.tolist() == COLUMNS[2:]
    numbers = table.groupby("series")[["artists", "clips"]].agg(lambda n: sorted(set(n)))
    assert numbers.loc["artists"].tolist() == [[3, 6, 12, 24], [24]]
    assert numbers.loc["clips"].tolist() == [[3], [6, 12, 24]]
    assert set(table["n_test"]) == {96}
    assert len(table) == (4 + 3) * 4 * 3
    assert not table.duplicated(["model", "series", "repeat", "artists", "clips"]).any()


def test_edgeless_has_no_messages_and_graphsage_has(table) -> None:
    by_model = table.groupby("model")["accuracy"].apply(list)
    assert by_model["graphsage"] != by_model["edgeless"]


def test_points_have_so_many_artists_and_clips_of_each_genre_and_no_test_clip() -> None:
    inputs = collection()
    asked = Design({2: (2, 2, 2), 8: (8, 8, 8)}, (2, 4, 8))
    drawn = points(inputs, asked, np.random.default_rng(1))
    assert set(drawn) == {(6, 6), (6, 12), (6, 24), (24, 24)}
    for (artists, clips), positions in drawn.items():
        assert inputs.train[positions].all()
        assert positions.size == len(np.unique(positions)) == clips
        assert (np.arange(3) == inputs.y[positions].T).all()
        assert len(np.unique(inputs.groups[positions])) == artists
    assert set(drawn[6, 6].ravel()) < set(drawn[6, 12].ravel()) < set(drawn[6, 24].ravel())
    part = part_of(inputs, drawn[6, 12])
    assert part.train.sum() == 12
    assert part.clips[~part.train].tolist() == inputs.clips[~inputs.train].tolist()


def test_clips_are_drawn_in_turns() -> None:
    groups = np.repeat(list("abcd"), [5, 1, 3, 4])
    drawn = groups[draw(groups, 4, 10, np.random.default_rng(0))]
    assert set(drawn[:4]) == set("abcd")
    counts = dict(zip(*np.unique(drawn, return_counts=True), strict=True))
    assert counts["b"] == 1
    assert sorted(counts.values()) == [1, 3, 3, 3]


def test_artists_are_drawn_at_random_among_those_that_make_it_possible() -> None:
    groups = np.repeat(list("abcdef"), [9, 4, 4, 3, 1, 1])
    drawn = [
        frozenset(groups[draw(groups, 2, 7, np.random.default_rng(seed))]) for seed in range(300)
    ]
    pairs = {frozenset(pair) for pair in ("ab", "ac", "ad", "ae", "af", "bc", "bd", "cd")}
    assert set(drawn) == pairs
    assert sum("a" in pair for pair in drawn) < 270  # The largest is not always there.


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([[[4, 4], [4, 4, 4]]], Design({1: (1, 1), 2: (2, 2), 4: (2, 3)}, (2, 4))),
        # As many points from one artist as from two: more artists are more like what is there.
        (
            [[[4, 4, 3, 2, 2], [4, 4, 4, 4, 4]]],
            Design({2: (2, 2), 4: (4, 4), 8: (5, 5)}, (2, 4, 8)),
        ),
        # What one fold lacks no repeat has.
        ([[[9, 9, 9], [9, 9, 9]], [[2, 1], [9, 9]]], Design({1: (1, 1), 2: (2, 2)}, (2,))),
        ([[[1, 1, 1], [5, 5, 5]]], None),
        ([[[], [5, 5, 5]]], None),
    ],
)
def test_the_series_are_what_all_folds_allow(sizes, expected) -> None:
    arrays = [[np.array(groups, dtype=int) for groups in fold] for fold in sizes]
    assert design(arrays) == expected


def test_sizes_are_those_of_groups_of_training_clips() -> None:
    inputs = collection(artists=3, clips=2)
    assert [each.tolist() for each in sizes_of(inputs)] == [[2, 2]] * 3


def called(folder: Path, output: str, folds: list[Inputs], **more) -> bytes:
    keys = [(0, number) for number in range(len(folds))]
    save_inputs(folder / "inputs.npz", folds, keys)
    asked = Experiment.model_validate({**ASKED, **more})
    main(
        folder / "inputs.npz",
        asked.model_dump_json(include={"graph", "graphsage"}),
        dataset="mine",
        name="multiclass_mine",
        repeats=2,
        seed=3,
        backend="torch",
        device="cpu",
        at_once=10_000,
        output=folder / output,
    )
    return (folder / output).read_bytes()


def same_clips(seed: int) -> Inputs:
    """A fold of one collection."""
    found = collection(artists=6, clips=2)
    train = np.repeat(np.arange(18), 2) % 3 != seed
    return Inputs(**{**vars(found), "train": train})


def test_the_table_has_the_same_bytes_each_time(tmp_path) -> None:
    folds = [same_clips(seed) for seed in range(3)]
    first = called(tmp_path, "a.csv", folds)
    assert called(tmp_path, "b.csv", folds) == first
    found = pd.read_csv(tmp_path / "a.csv")
    assert found.columns.tolist() == COLUMNS
    assert set(found["repeat"]) == {0, 1}  # As many folds as asked for.
    assert set(found["dataset"]) == {"mine"}
    assert found["accuracy"].between(0, 1).all()


def test_a_graph_of_one_artists_clips_is_possible(tmp_path) -> None:
    folds = [same_clips(seed) for seed in range(2)]
    among = called(tmp_path, "a.csv", folds, graph={"among": "artist"})
    assert among != called(tmp_path, "b.csv", folds)


def test_where_no_artist_has_two_clips_the_table_is_empty(tmp_path, caplog) -> None:
    single = collection(artists=6, clips=1)
    called(tmp_path, "a.csv", [single])
    assert (tmp_path / "a.csv").read_text() == ",".join(COLUMNS) + "\n"
    assert "there is no curve" in caplog.text
