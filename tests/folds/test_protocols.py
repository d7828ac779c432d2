from pathlib import Path

import pytest

from genregraph.config.experiment import Clean, Experiment, Folds
from genregraph.datasets.sheet import read_sheet
from genregraph.folds.protocols import (
    STRICTEST_FIRST,
    Clip,
    Evaluation,
    evaluations,
    fitted_on,
    keeps_apart,
    neighbours,
    strictest,
)
from genregraph.plan import runnable

DATASETS = Path(__file__).parents[2] / "config" / "datasets"
PROTOCOLS = Experiment.model_json_schema()["properties"]["protocols"]["items"]["enum"]
# Each letter is the group of a clip.
CLIPS = {"blues": "aabbccddeeff", "jazz": "ggghi", "rock": "j"}


def clips_of(*genres: str) -> list[Clip]:
    return [Clip(genre, group, "", "") for genre in genres for group in CLIPS[genre]]


def evaluated(clips: list[Clip], *protocols: str, **options) -> tuple[dict, dict]:
    return evaluations(Experiment(protocols=list(protocols), **options), clips)


def test_protocols_by_what_they_fit_and_keep_apart_and_how_strictly() -> None:
    assert [name for name in PROTOCOLS if fitted_on(name) == "all"] == ["paper", "kfold"]
    assert [name for name in PROTOCOLS if keeps_apart(name)] == ["clean", "inductive", "filtered"]
    assert [name for name in PROTOCOLS if neighbours(name) == "train"] == ["inductive"]
    assert set(PROTOCOLS) == set(STRICTEST_FIRST)
    assert strictest(["paper", "random", "filtered"]) == "filtered"
    assert strictest({"filtered": 1, "clean": 2}) == "clean"


@pytest.mark.parametrize(
    ("protocol", "genres", "asked", "folds"),
    [
        ("paper", ["blues", "rock"], 10, 10),
        ("kfold", ["blues", "jazz"], 3, 3),
        ("kfold", ["blues", "jazz"], 10, 5),
        ("kfold", ["blues", "rock"], 10, 2),
        ("random", ["blues", "rock"], 5, 2),
        *((protocol, ["blues", "jazz"], 5, 3) for protocol in ("random", "clean", "inductive")),
        *((protocol, ["blues", "jazz"], 2, 2) for protocol in ("random", "clean", "inductive")),
    ],
)
def test_folds_are_no_more_than_clips_or_groups_of_a_genre(protocol, genres, asked, folds) -> None:
    of_each = {"folds": Folds(n=asked, repeats=3), "clean": Clean(folds=asked, repeats=3)}
    possible, left_out = evaluated(clips_of(*genres), protocol, **of_each)
    assert (possible, left_out) == ({protocol: Evaluation(folds, 3)}, {})


def test_what_no_protocol_or_hold_out_can_split() -> None:
    reason = "12 clips of 1 genre(s): at least 2 genres are needed"
    left_out = dict.fromkeys(PROTOCOLS[:-1], reason)
    assert evaluated(clips_of("blues"), *PROTOCOLS[:-1]) == ({}, left_out)
    reason = "no genre has two clips, one to train on and one to test"
    clips = [Clip(genre, genre, "", "") for genre in ("blues", "jazz")]
    expected = ({"kfold": Evaluation(2, 1)}, {"paper": reason})
    assert evaluated(clips, "paper", "kfold") == expected


def test_genres_of_a_single_group_leave_clean_out_and_are_named() -> None:
    possible, left_out = evaluated(clips_of(*CLIPS), "paper", "clean", "inductive", "random")
    reason = "genres of a single group cannot be evaluated: rock"
    assert left_out == dict.fromkeys(["clean", "inductive"], reason)
    assert list(possible) == ["paper", "random"]
    # Excluded clips make no group.
    clips = [clip._replace(excluded="x" * (clip.group in "hi")) for clip in clips_of(*CLIPS)]
    assert evaluated(clips, "clean")[1]["clean"].endswith(": jazz, rock")
    # A genre without clips does not limit folds of random.
    clips = [clip._replace(excluded="x" * (clip.group == "j")) for clip in clips_of(*CLIPS)]
    assert evaluated(clips, "random")[0]["random"].folds == 3


@pytest.mark.parametrize(
    ("parts", "lacking"),
    [
        (["train", "test"], ""),
        ([""], "blues, jazz"),
        (["train"], "blues, jazz"),
        (["test", "valid", "valid", "valid", "train"], "jazz"),
    ],
)
def test_filtered_needs_both_parts_of_each_genre(parts, lacking) -> None:
    genres = ["blues"] * 6 + ["jazz"] * 2
    clips = [Clip(genre, "", parts[i % len(parts)], "") for i, genre in enumerate(genres)]
    possible, left_out = evaluated(clips, "filtered", folds=Folds(n=3, repeats=3))
    reason = f"the sheet has no published split of {lacking}"
    expected = ({}, {"filtered": reason}) if lacking else ({"filtered": Evaluation(1, 1)}, {})
    assert (possible, left_out) == expected


@pytest.mark.parametrize(
    ("dataset", "folds"),
    [
        ("gtzan", [10, 10, 5, 5, 5, 1]),
        ("gtzan-mini", [10, 10, 2, None, None, None]),
        ("demo", [10, 6, 3, 3, 3, None]),
    ],
)
def test_folds_of_shipped_datasets(dataset, folds) -> None:
    clips = runnable.by_sheet(Experiment(), read_sheet(DATASETS / f"{dataset}.tsv"))
    possible, _ = evaluated(clips, *PROTOCOLS)
    assert [getattr(possible.get(name), "folds", None) for name in PROTOCOLS] == folds
