from dataclasses import replace
from pathlib import Path

import pytest

from genregraph.config.model import Clean, Experiment, Folds
from genregraph.datasets.sheet import Row, read_sheet
from genregraph.folds.protocols import Evaluation, fitted_on, keeps_apart, neighbours, takes
from genregraph.plan.plan import by_sheet, evaluations

DATASETS = Path(__file__).parents[2] / "config" / "datasets"
PROTOCOLS = ["paper", "kfold", "random", "clean", "inductive", "filtered"]


def rows_of(**genres: int) -> list[Row]:
    return [
        Row(f"{genre}.{i}", f"{genre}/{genre}.{i}.wav", genre)
        for genre, count in genres.items()
        for i in range(count)
    ]


def by(artists: dict[str, str]) -> list[Row]:
    """Clips of some genres; each letter is the artist of one, a dot an unknown one."""
    return [
        Row(f"{genre}.{i}", f"{genre}/{genre}.{i}.wav", genre, artist=letter.strip("."))
        for genre, letters in artists.items()
        for i, letter in enumerate(letters)
    ]


def evaluated(rows: list[Row], *protocols: str, **options) -> tuple[dict, dict]:
    experiment = Experiment(protocols=list(protocols), **options)
    return evaluations(experiment, by_sheet(experiment, rows))


ROWS = rows_of(blues=12, jazz=4, metal=1)


def test_folds_are_numbered_on_over_repeats() -> None:
    assert Evaluation(2, 1).numbers == ["00", "01"]
    assert Evaluation(4, 3).numbers == [f"{i:02d}" for i in range(12)]
    assert Evaluation(10, 11).numbers[-1] == "109"


def test_what_sees_test_clips_and_keeps_groups_apart() -> None:
    assert [name for name in PROTOCOLS if fitted_on(name) == "all"] == ["paper", "kfold"]
    assert [name for name in PROTOCOLS if keeps_apart(name)] == ["clean", "inductive", "filtered"]
    assert [name for name in PROTOCOLS if neighbours(name) == "train"] == ["inductive"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_which_clips_are_taken(protocol) -> None:
    taken = [
        (split, excluded)
        for split in ("", "train", "valid", "test")
        for excluded in ("", "replica")
        if takes(protocol, split, excluded)
    ]
    assert len(taken) == (8 if protocol in ("paper", "kfold") else 4)
    if protocol == "filtered":
        assert {split for split, _ in taken} == {"train", "test"}
    if protocol in ("clean", "random", "inductive"):
        assert {excluded for _, excluded in taken} == {""}


# Protocols paper and kfold


@pytest.mark.parametrize("genres", [["blues", "jazz"], ["blues", "metal"], []])
def test_hold_outs_are_as_many_as_asked_for(genres) -> None:
    found, left_out = evaluated(ROWS, "paper", genres=genres, folds=Folds(n=10, repeats=3))
    assert found == {"paper": Evaluation(10, 3)}
    assert left_out == {}


def test_genres_of_one_clip_each_cannot_be_held_out() -> None:
    found, left_out = evaluated(rows_of(blues=1, jazz=1), "paper", "kfold")
    assert found == {"kfold": Evaluation(2, 1)}
    assert left_out == {"paper": "no genre has two clips, one to train on and one to test"}


@pytest.mark.parametrize(
    ("genres", "n", "folds"),
    [
        (["blues", "jazz"], 3, 3),
        (["blues", "jazz"], 10, 4),
        (["blues", "jazz"], 4, 4),
        (["blues", "metal"], 10, 2),
        ([], 10, 2),
    ],
)
def test_folds_are_no_more_than_the_smallest_genre_has_clips(genres, n, folds) -> None:
    found, left_out = evaluated(ROWS, "kfold", genres=genres, folds=Folds(n=n, repeats=3))
    assert found == {"kfold": Evaluation(folds, 3)}
    assert left_out == {}


@pytest.mark.parametrize("protocol", ["paper", "kfold", "random", "clean", "inductive"])
def test_one_genre_is_nothing_to_tell_apart(protocol) -> None:
    found, left_out = evaluated(ROWS, protocol, genres=["blues"])
    assert (found, left_out) == (
        {},
        {protocol: "12 clips of 1 genre(s): at least 2 genres are needed"},
    )


# Protocols random, clean and inductive

ARTISTS = {"blues": "aabbccdd", "jazz": "eefg", "rock": "hhhh..", "pop": "...."}


@pytest.mark.parametrize("protocol", ["random", "clean", "inductive"])
@pytest.mark.parametrize(
    ("genres", "n", "folds"),
    [(["blues", "jazz"], 5, 3), (["blues", "jazz"], 2, 2), (["blues", "rock"], 5, 2)],
)
def test_folds_are_no_more_than_the_groups_of_the_genre_with_the_fewest(
    protocol, genres, n, folds
) -> None:
    clean = Clean(folds=n, repeats=2)
    found, left_out = evaluated(by(ARTISTS), protocol, genres=genres, clean=clean)
    assert found == {protocol: Evaluation(folds, 2)}
    assert left_out == {}


@pytest.mark.parametrize(
    ("unknown", "single"), [("together", ["pop"]), ("alone", []), ("out", ["pop", "rock"])]
)
def test_genres_of_a_single_group_leave_clean_out_and_are_named(unknown, single) -> None:
    found, left_out = evaluated(
        by(ARTISTS), "paper", "clean", "inductive", clean=Clean(unknown_artist=unknown)
    )
    reason = f"genres of a single group cannot be evaluated: {', '.join(single)}"
    assert left_out == (dict.fromkeys(["clean", "inductive"], reason) if single else {})
    assert list(found) == (["paper"] if single else ["paper", "clean", "inductive"])


@pytest.mark.parametrize("unknown", ["together", "alone", "out"])
def test_without_any_artist_each_song_is_a_group(unknown) -> None:
    found, _ = evaluated(rows_of(blues=12, jazz=4), "clean", clean=Clean(unknown_artist=unknown))
    assert found == {"clean": Evaluation(4, 1)}


def test_the_sheets_groups_count_before_its_artists() -> None:
    rows = [replace(row, group="one" if row.genre == "jazz" else "") for row in by(ARTISTS)]
    _, left_out = evaluated(rows, "clean", genres=["blues", "jazz"])
    assert left_out["clean"].endswith(": jazz")


def test_clips_that_the_sheet_excludes_make_no_group() -> None:
    rows = [replace(row, excluded="replica" if row.artist in "fg" else "") for row in by(ARTISTS)]
    _, left_out = evaluated(rows, "clean", genres=["blues", "jazz"])
    assert left_out["clean"].endswith(": jazz")


def test_the_control_evaluates_genres_of_a_single_group() -> None:
    rows = by({"blues": "aabb", "jazz": "cccc"})
    found, left_out = evaluated(rows, "random", "clean")
    assert found == {"random": Evaluation(2, 1)}
    assert list(left_out) == ["clean"]


def test_genres_that_the_experiment_does_not_have_do_not_count() -> None:
    assert evaluated(by(ARTISTS), "clean", genres=["blues", "jazz"])[1] == {}


# Protocol filtered


def split(rows: list[Row], *parts: str) -> list[Row]:
    return [replace(row, split=parts[i % len(parts)]) for i, row in enumerate(rows)]


def test_a_published_split_is_a_single_fold() -> None:
    rows = split(rows_of(blues=12, jazz=4), "train", "test", "valid", "")
    found, _ = evaluated(rows, "filtered", folds=Folds(n=3, repeats=3), clean=Clean(repeats=3))
    assert found == {"filtered": Evaluation(1, 1)}


@pytest.mark.parametrize("parts", [[""], ["train"], ["test", "valid"]])
def test_genres_without_training_or_test_part_leave_filtered_out_and_are_named(parts) -> None:
    rows = split(rows_of(blues=12), "train", "test") + split(rows_of(rock=4, jazz=4), *parts)
    found, left_out = evaluated(rows, "filtered")
    assert found == {}
    assert left_out == {"filtered": "the sheet has no published split of jazz, rock"}


# The datasets that are shipped

SINGLE = "genres of a single group cannot be evaluated: blues, classical, reggae, rock"


def test_gtzan_allows_every_protocol() -> None:
    found, left_out = evaluated(read_sheet(DATASETS / "gtzan.tsv"), *PROTOCOLS)
    assert left_out == {}
    assert found == {
        "paper": Evaluation(10, 1),
        "kfold": Evaluation(10, 1),
        "random": Evaluation(5, 1),
        "clean": Evaluation(5, 1),
        "inductive": Evaluation(5, 1),
        "filtered": Evaluation(1, 1),
    }


def test_gtzan_mini_has_too_few_artists_and_no_whole_split() -> None:
    found, left_out = evaluated(read_sheet(DATASETS / "gtzan-mini.tsv"), *PROTOCOLS)
    assert found == {
        "paper": Evaluation(10, 1),
        "kfold": Evaluation(10, 1),
        "random": Evaluation(2, 1),
    }
    assert left_out == {
        "clean": SINGLE,
        "inductive": SINGLE,
        "filtered": "the sheet has no published split of blues, classical, country, jazz, metal, "
        "reggae, rock",
    }


def test_the_demo_has_artists_and_no_split() -> None:
    found, left_out = evaluated(read_sheet(DATASETS / "demo.tsv"), *PROTOCOLS)
    assert found["clean"] == found["inductive"] == Evaluation(3, 1)
    assert list(left_out) == ["filtered"]
