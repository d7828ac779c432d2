from pathlib import Path

import pytest

from settings.errors import UserError
from settings.model import Experiment, Folds
from settings.plan import check_audio, files_there, fold_numbers, folds_in_repeat
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
