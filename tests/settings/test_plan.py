from dataclasses import replace
from pathlib import Path

import pytest

from settings.errors import UserError
from settings.model import Clean, Config, Experiment, Folds
from settings.plan import (
    FITTED_ON,
    NEIGHBOURS,
    Evaluation,
    check_audio,
    check_tables,
    evaluations,
    files_there,
    has_audio,
    not_runnable,
)
from settings.sheet import Row, read_sheet

DATASETS = Path(__file__).parents[2] / "config" / "datasets"
PROTOCOLS = ["paper", "clean", "inductive", "filtered"]


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
    return evaluations(Experiment(protocols=list(protocols), **options), rows)


ROWS = rows_of(blues=12, jazz=4, metal=1)


def test_folds_are_numbered_on_over_repeats() -> None:
    assert Evaluation(2, 1).numbers == ["00", "01"]
    assert Evaluation(4, 3).numbers == [f"{i:02d}" for i in range(12)]
    assert Evaluation(10, 11).numbers[-1] == "109"


def test_every_protocol_says_what_is_fitted_and_who_is_neighbour() -> None:
    assert set(FITTED_ON) == set(NEIGHBOURS) == set(PROTOCOLS)
    assert [name for name in PROTOCOLS if FITTED_ON[name] == "all"] == ["paper"]
    assert [name for name in PROTOCOLS if NEIGHBOURS[name] == "train"] == ["inductive"]


# Protocol paper


@pytest.mark.parametrize(
    ("genres", "n", "folds"),
    [
        (["blues"], 10, 10),
        (["blues"], 3, 3),
        (["blues", "jazz"], 10, 4),
        (["blues", "jazz"], 4, 4),
        (["blues", "metal"], 10, 2),
        ([], 10, 2),
    ],
)
def test_folds_are_no_more_than_the_smallest_genre_has_clips(genres, n, folds) -> None:
    found, left_out = evaluated(ROWS, "paper", genres=genres, folds=Folds(n=n, repeats=3))
    assert found == {"paper": Evaluation(folds, 3)}
    assert left_out == {}


# Protocols clean and inductive

ARTISTS = {"blues": "aabbccdd", "jazz": "eefg", "rock": "hhhh..", "pop": "...."}


@pytest.mark.parametrize("protocol", ["clean", "inductive"])
@pytest.mark.parametrize(
    ("genres", "n", "folds"),
    [(["blues"], 5, 4), (["blues"], 3, 3), (["blues", "jazz"], 5, 3), (["blues", "rock"], 5, 2)],
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
    reason = f"genres of a single group cannot be judged: {', '.join(single)}"
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

SINGLE = "genres of a single group cannot be judged: blues, classical, reggae, rock"


def test_gtzan_allows_every_protocol() -> None:
    found, left_out = evaluated(read_sheet(DATASETS / "gtzan.tsv"), *PROTOCOLS)
    assert left_out == {}
    assert found == {
        "paper": Evaluation(10, 1),
        "clean": Evaluation(5, 1),
        "inductive": Evaluation(5, 1),
        "filtered": Evaluation(1, 1),
    }


def test_gtzan_mini_has_too_few_artists_and_no_whole_split() -> None:
    found, left_out = evaluated(read_sheet(DATASETS / "gtzan-mini.tsv"), *PROTOCOLS)
    assert found == {"paper": Evaluation(10, 1)}
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


# What can run


def config(**options) -> Config:
    return Config(experiments={"multiclass_x": Experiment(**options)}, tables={"mine": "mine.csv"})


@pytest.mark.parametrize(
    ("options", "unheard", "reason"),
    [
        ({}, False, None),
        ({"genres": ["blues", "polka", "dub"]}, False, "the dataset has no genre dub, polka"),
        ({"tables": ["mine"]}, True, None),
        ({"tables": ["mine", "compare"]}, False, None),
        ({"tables": ["mine", "compare"]}, True, "there is no audio to compute compare"),
        ({"tables": ["mine"], "cut": "3s"}, True, "there is no audio to compute 3s"),
        ({"protocols": ["paper", "filtered"]}, False, None),
        (
            {"protocols": ["clean", "filtered"]},
            False,
            "clean: genres of a single group cannot be judged: metal; "
            "filtered: the sheet has no published split of blues, jazz, metal",
        ),
    ],
)
def test_experiments_that_cannot_run_say_why(options, unheard, reason) -> None:
    found = not_runnable(config(**options), ROWS, unheard)
    assert found == ({} if reason is None else {"multiclass_x": reason})


def test_files_that_are_there_are_listed_as_they_are(tmp_path) -> None:
    (tmp_path / "blues").mkdir()
    (tmp_path / "blues" / "blues.0.wav").touch()
    (tmp_path / "blues" / "blues.2.au").touch()
    (tmp_path / "blues" / "another.wav").touch()
    assert files_there(ROWS, tmp_path) == [
        str(tmp_path / "blues" / "blues.0.wav"),
        str(tmp_path / "blues" / "blues.2.au"),
    ]


def test_a_folder_with_one_of_the_clips_will_do(tmp_path) -> None:
    (tmp_path / "metal").mkdir()
    (tmp_path / "metal" / "metal.0.au").touch()
    assert has_audio(ROWS, tmp_path)
    check_audio(ROWS, tmp_path)


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_folder_without_any_clip_says_where_they_should_be(tmp_path, name) -> None:
    (tmp_path / "empty").mkdir()
    folder = Path(tmp_path, name)
    with pytest.raises(UserError) as error:
        check_audio(ROWS, folder)
    assert str(error.value) == (
        f"{folder} has none of the sheet's 17 clips (the first would be "
        f"{folder}/blues/blues.0.wav); say where they are with --config audio=FOLDER"
    )


def test_a_folder_has_audio_if_it_holds_one_of_the_clips(tmp_path) -> None:
    (tmp_path / "jazz").mkdir()
    (tmp_path / "jazz" / "another.wav").touch()
    assert not has_audio(ROWS, tmp_path)
    assert not has_audio(ROWS, tmp_path / "missing")
    (tmp_path / "jazz" / "jazz.3.flac").touch()
    assert has_audio(ROWS, tmp_path)


def configured(imported: tuple[str, ...] = (), **experiments: Experiment) -> Config:
    return Config(
        tables={name: f"{name}.csv" for name in imported},
        experiments={f"multiclass_{name}": value for name, value in experiments.items()},
    )


def with_tables(*tables: str, cut: str = "30s", genres: tuple[str, ...] = ()) -> Experiment:
    return Experiment(tables=list(tables), cut=cut, genres=list(genres))


def runnable(settings: Config, unheard: bool) -> list[str]:
    refused = not_runnable(settings, ROWS, unheard)
    return [name for name in settings.experiments if name not in refused]


def test_computed_learnt_and_imported_tables_are_known() -> None:
    check_tables(configured(("mine",), x=with_tables("handcrafted", "compare", "cnn", "mine")))


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ("handcraftd", "did you mean 'handcrafted'? "),
        ("myne", "did you mean 'mine'? "),
        ("zzz", "known: handcrafted, compare, cnn, mine. "),
    ],
)
def test_a_table_that_nothing_makes_is_named_with_its_experiment(table, hint) -> None:
    with pytest.raises(UserError) as error:
        check_tables(configured(("mine",), x=with_tables("compare"), y=with_tables("mine", table)))
    assert str(error.value) == (
        f"experiments.multiclass_y.tables: no table '{table}'; {hint}"
        "A table computed elsewhere is imported by --config 'tables={NAME: FILE}'"
    )


def test_the_table_that_is_learnt_for_each_fold_cannot_be_imported() -> None:
    with pytest.raises(UserError, match=r"tables: cnn: .* another name"):
        check_tables(configured(("cnn",), x=with_tables("cnn")))


def test_experiments_run_whose_genres_the_sheet_has() -> None:
    experiments = {
        "all": with_tables("compare"),
        "two": with_tables("cnn", genres=("jazz", "blues")),
        "other": with_tables("compare", genres=("blues", "rock")),
    }
    found = runnable(configured((), **experiments), unheard=False)
    assert found == ["multiclass_all", "multiclass_two"]


def test_without_audio_experiments_run_on_whole_clips_and_imported_tables_alone() -> None:
    experiments = {
        "segments": with_tables("mine", cut="3s"),
        "mine": with_tables("mine"),
        "computed": with_tables("handcrafted"),
        "part": with_tables("mine", "compare"),
        "learnt": with_tables("mine", "cnn"),
        "both": with_tables("compare2", "mine"),
        "other": with_tables("mine", genres=("rock",)),
    }
    settings = configured(("mine", "compare2"), **experiments)
    assert runnable(settings, unheard=True) == ["multiclass_mine", "multiclass_both"]
    heard = [name for name in settings.experiments if name != "multiclass_other"]
    assert runnable(settings, unheard=False) == heard
