from pathlib import Path

import pytest

from settings.errors import UserError
from settings.model import Config, Experiment, Folds
from settings.plan import (
    check_audio,
    check_tables,
    files_there,
    fold_numbers,
    folds_in_repeat,
    has_audio,
    runnable,
)
from settings.sheet import Row


def rows_of(**genres: int) -> list[Row]:
    return [
        Row(f"{genre}.{i}", f"{genre}/{genre}.{i}.wav", genre)
        for genre, count in genres.items()
        for i in range(count)
    ]


def experiment(*genres: str, n: int = 10, repeats: int = 1) -> Experiment:
    return Experiment(genres=list(genres), folds=Folds(n=n, repeats=repeats))


ROWS = rows_of(blues=12, jazz=4, metal=1)


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
    assert folds_in_repeat(experiment(*genres, n=n), ROWS) == folds


def test_genres_that_are_left_out_do_not_count() -> None:
    assert folds_in_repeat(experiment(), rows_of(blues=12, jazz=4)) == 4


@pytest.mark.parametrize(
    ("genre", "hint"),
    [
        ("jaz", "did you mean 'jazz'?"),
        ("hiphop", "it has blues, jazz, metal"),
    ],
)
def test_an_unknown_genre_names_the_nearest(genre, hint) -> None:
    with pytest.raises(UserError) as error:
        folds_in_repeat(experiment("blues", genre), ROWS)
    assert str(error.value) == f"genres: the dataset has no genre '{genre}'; {hint}"


def test_folds_are_numbered_on_over_repeats() -> None:
    assert fold_numbers(experiment("blues", n=2), ROWS) == ["00", "01"]
    numbers = fold_numbers(experiment("blues", "jazz", repeats=3), ROWS)
    assert numbers == [f"{i:02d}" for i in range(12)]
    assert fold_numbers(experiment("blues", repeats=11), ROWS)[-1] == "109"


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


def config(imported: tuple[str, ...] = (), **experiments: Experiment) -> Config:
    return Config(
        tables={name: f"{name}.csv" for name in imported},
        experiments={f"multiclass_{name}": value for name, value in experiments.items()},
    )


def with_tables(*tables: str, cut: str = "30s", genres: tuple[str, ...] = ()) -> Experiment:
    return Experiment(tables=list(tables), cut=cut, genres=list(genres))


def test_computed_learnt_and_imported_tables_are_known() -> None:
    check_tables(config(("mine",), x=with_tables("handcrafted", "compare", "cnn", "mine")))


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
        check_tables(config(("mine",), x=with_tables("compare"), y=with_tables("mine", table)))
    assert str(error.value) == (
        f"experiments.multiclass_y.tables: no table '{table}'; {hint}"
        "A table computed elsewhere is imported by --config 'tables={NAME: FILE}'"
    )


def test_the_table_that_is_learnt_for_each_fold_cannot_be_imported() -> None:
    with pytest.raises(UserError, match=r"tables: cnn: .* another name"):
        check_tables(config(("cnn",), x=with_tables("cnn")))


def test_experiments_run_whose_genres_the_sheet_has() -> None:
    experiments = {
        "all": with_tables("compare"),
        "two": with_tables("cnn", genres=("jazz", "blues")),
        "other": with_tables("compare", genres=("blues", "rock")),
    }
    found = runnable(config((), **experiments), ROWS, unheard=False)
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
    settings = config(("mine", "compare2"), **experiments)
    assert runnable(settings, ROWS, unheard=True) == ["multiclass_mine", "multiclass_both"]
    heard = [name for name in settings.experiments if name != "multiclass_other"]
    assert runnable(settings, ROWS, unheard=False) == heard
