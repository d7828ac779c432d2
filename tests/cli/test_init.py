import os
from pathlib import Path

import pytest
from tests.audio.conftest import tagged

from genregraph.cli.init import copies_in, main, marked, music_in
from genregraph.cli.project import configured
from genregraph.common.errors import UserError
from genregraph.datasets.sheet import Row, read_sheet

WITHOUT_GENRE = "passed over: 1 without a genre, which a folder or a tag can name"


def made(folder: Path, *names: str) -> Path:
    """Files that hold their own names, and no audio."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(os.fsencode(name))
    return folder


def with_tags(folder: Path, name: str, **tags: str) -> None:
    tagged(made(folder, name) / name, "libmp3lame", tags)


def stated_of(folder: Path) -> list[str]:
    """Clip, genre, artist and title of each row."""
    return [f"{r.clip}|{r.genre}|{r.artist}|{r.title}" for r in music_in(folder)[0]]


def test_folders_are_genres_and_artists_and_tags_say_the_rest(tmp_path) -> None:
    with_tags(tmp_path, "rock/Some Album/01.mp3", artist="Bob", title="One", genre="Pop")
    with_tags(tmp_path, "02.mp3", artist="Cleo", title="Two", genre="Soul")
    made(tmp_path, "03.mp3", "jazz/Ann/Live/b.wav", "jazz/c.wav")
    expected = ["02|Soul|Cleo|Two", "b|jazz|Ann|", "c|jazz||", "01|rock|Bob|One"]
    assert stated_of(tmp_path) == expected
    assert music_in(tmp_path)[1] == [f"{WITHOUT_GENRE}: '03.mp3'"]


def test_folders_named_like_artists_in_tags_are_artists(tmp_path) -> None:
    with_tags(tmp_path, "The Bobs/First/1.mp3", artist="the bobs", genre="Pop")
    with_tags(tmp_path, "The Bobs/First/2.mp3", artist="Bobs feat. Ann", genre="Pop")
    with_tags(tmp_path, "Cleo/3.mp3", artist="Cleo", genre="Soul")
    with_tags(tmp_path, "Dan/4.mp3", genre="Soul")
    expected = ["3|Soul|Cleo|", "4|Soul|Dan|", "1|Pop|the bobs|", "2|Pop|Bobs feat. Ann|"]
    assert stated_of(tmp_path) == expected


@pytest.mark.parametrize(
    ("name", "genre"),
    [("000/000002.mp3", "Hip-Hop"), ("1990/000002.mp3", "1990"), ("000/02.mp3", "000")],
)
def test_folders_of_numbers_are_genres_except_fmas(tmp_path, name, genre) -> None:
    with_tags(tmp_path, name, artist="AWOL", genre="Hip-Hop")
    assert stated_of(tmp_path) == [f"{Path(name).stem}|{genre}|AWOL|"]


def test_folders_that_differ_from_tags_are_noted_and_tags_can_be_taken(tmp_path) -> None:
    for number, genre in enumerate(("Soul", "soul", "Folk")):
        with_tags(tmp_path, f"{'AB'[number % 2]}/{number}.mp3", artist="Cleo", genre=genre)
    made(tmp_path, "B/untagged.mp3")
    rows, notes = music_in(tmp_path)
    assert {row.genre for row in rows} == {"A", "B"}
    said = "tags of 3 of 4 files state others ('Folk', 'Soul', 'soul'): to take them, add --by-tags"
    assert notes == [f"genres are the folders; {said}"]
    rows, notes = music_in(tmp_path, by_tags=True)
    assert [row.genre for row in rows] == ["Soul", "Folk", "soul"]
    assert {row.artist for row in rows} == {"Cleo"}
    assert notes == [f"{WITHOUT_GENRE}: 'B/untagged.mp3'"]


def test_folders_of_a_split_are_its_parts_and_one_too_high_is_noted(tmp_path) -> None:
    parts = made(tmp_path / "a", "Train/rock/a.wav", "test/rock/b.wav", "test/pop/Ann/c.wav")
    rows, notes = music_in(parts)
    stated = [("rock", "train", ""), ("pop", "test", "Ann"), ("rock", "test", "")]
    assert [(row.genre, row.split, row.artist) for row in rows] == stated
    assert notes == []
    (note,) = music_in(made(tmp_path / "b", "Data/genres/rock/a.wav", "Data/genres/jazz/b.wav"))[1]
    assert note.endswith(f"if its folders are genres, name it: {tmp_path}/b/Data/genres")
    assert music_in(tmp_path / "b/Data/genres")[1] == []


def test_names_and_tags_that_are_not_unicode_are_noted(tmp_path) -> None:
    latin = os.fsdecode("rock/Café.wav".encode("latin-1"))
    tagged(tmp_path / "a.wav", "pcm_s16le", {"genre": "Rock", "artist": "Anna"})
    folder = made(tmp_path, latin)
    (folder / "a.wav").write_bytes((folder / "a.wav").read_bytes().replace(b"Anna", b"An\xed\xe0"))
    rows, notes = music_in(folder)
    assert [(row.path, row.artist) for row in rows] == [("a.wav", "")]
    assert notes == [
        r"passed over: 1 with a name that is not UTF-8: 'rock/Caf\udce9.wav'",
        "1 with tags in an unknown encoding, which are not used: 'a.wav'",
    ]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ("rock/1.wav jazz/1.wav jazz/2.wav", "jazz.1 2 rock.1"),
        ("rock/a.wav jazz/a.wav pop/rock.a.wav", "jazz.a pop.rock.a.wav rock.a.wav"),
        ("rock/Ann/1.wav rock/Ann/Live/1.wav rock/2.wav", "2 rock.Ann.1 rock.Ann.Live.1"),
        ("rock/a.wav rock/a.mp3 rock/b.wav", "rock.a.mp3 rock.a.wav b"),
        ("pop/b.wav rock/a/b.wav rock/a/b.mp3", "pop.b rock.a.b.mp3 rock.a.b.wav"),
    ],
)
def test_names_of_clips_are_no_longer_than_needed(tmp_path, files, names) -> None:
    assert {row.clip for row in music_in(made(tmp_path, *files.split()))[0]} == {*names.split()}


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ("rock/a.ape rock/b.ape rock/c.jpg", r"no audio .*, but 2 with extension .ape: .*jpg"),
        ("", "no audio has a genre; name it by a folder"),
        ("a.wav b.wav", "no audio has a genre; name it by a folder"),
    ],
)
def test_folder_without_audio_or_genre_is_an_error(tmp_path, names, problem) -> None:
    with pytest.raises(UserError, match=problem):
        music_in(made(tmp_path, *names.split()))


def test_all_copies_but_the_first_are_excluded_and_unreadable_files_skipped(tmp_path) -> None:
    folder = made(tmp_path, "rock/a.wav", "rock/b.wav", "jazz/copy.wav", "rock/z.wav")
    for name in ("jazz/copy.wav", "rock/z.wav"):
        (folder / name).write_text("rock/b.wav")
    rows, alike = marked(music_in(folder)[0], folder)
    assert alike == [["copy", "b", "z"]]
    assert [row.excluded for row in rows] == ["", "", "a copy of copy", "a copy of copy"]
    assert len({row.md5 for row in rows}) == 2
    known, new = Row("mine", "rock/b.wav", "rock"), Row("z", "rock/z.wav", "rock")
    ((row,), alike) = marked([new], folder, [known])
    assert (row.excluded, alike) == ("a copy of mine", [["mine", "z"]])
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).symlink_to("/proc/self/mem")  # There, and of one size.
    assert copies_in(tmp_path, ["a.wav", "b.wav"]) == {}


@pytest.fixture
def music(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return made(Path("my music"), "rock/a.wav", "rock/a.mp3", "jazz/Ann/b.wav")


def test_main_writes_sheet_and_configuration_and_merges_new_files(music, capsys) -> None:
    main(music)
    sheet, config = (Path(f"config/datasets/my_music.{end}") for end in ("tsv", "yaml"))
    run = configured([config], [])
    assert (run.dataset, run.audio, run.facts().shards) == ("my_music", "my music", 2)
    rows = read_sheet(Path(run.sheet))
    assert [row.path for row in rows] == ["jazz/Ann/b.wav", "rock/a.mp3", "rock/a.wav"]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{sheet}: 3 clips of 2 genres and 1 artists."
    assert said[-1].endswith(f"results/multiclass_knn.csv --configfile {config}")
    by_hand = b"genre\tcomment\tpath\tclip\n Rock \tgood\trock/a.wav\tmine\nx\t\tgone.wav\tgone"
    sheet.write_bytes(by_hand)
    config.write_text(config.read_text() + "seed: 7\n")
    made(music, "rock/mine.wav")
    main(music)
    assert sheet.read_text().splitlines() == [
        "genre\tcomment\tpath\tclip\tartist",
        "Rock\tgood\trock/a.wav\tmine\t",
        "x\t\tgone.wav\tgone\t",
        "jazz\t\tjazz/Ann/b.wav\tb\tAnn",
        "rock\t\trock/a.mp3\trock.a.mp3\t",
        "rock\t\trock/mine.wav\trock.mine.wav\t",
    ]
    said = capsys.readouterr().out
    assert "5 clips of 3 genres and 1 artists, 3 of them new." in said
    assert "in the sheet, but not in the folder: 'gone.wav'" in said
    assert configured([config], []).seed == 7
    before = sheet.read_bytes()
    main(music)
    assert sheet.read_bytes() == before


def test_name_that_is_taken_is_rejected(music) -> None:
    with pytest.raises(UserError, match=r"there is a dataset demo already; .* --name NAME"):
        main(music, name="demo")
    main(music)
    other = made(Path("elsewhere/my music"), "pop/p.wav")
    with pytest.raises(UserError, match=r"is that of my music; .* --name NAME"):
        main(other)
    main(other, name="other")
    assert configured([Path("config/datasets/other.yaml")], []).audio == str(other)


@pytest.mark.parametrize(
    ("folder", "dataset"),
    [
        ("demo", "demo-mine"),
        ("ß", "mine"),
        ("a b'; touch x; $(id)", "a_b_touch_x_id_"),
        ('"quoted" $HOME {live}', "quoted_HOME_live_"),
    ],
)
def test_any_name_of_a_folder_becomes_a_datasets(tmp_path, monkeypatch, folder, dataset) -> None:
    monkeypatch.chdir(tmp_path)
    names = {f"{folder}/{folder}.wav", "rock/tab\tnew\nline.wav"}
    main(made(Path(folder), *names))
    run = configured([Path(f"config/datasets/{dataset}.yaml")], [])
    assert (run.dataset, run.audio) == (dataset, folder)
    assert {row.path for row in read_sheet(Path(run.sheet))} == names


def test_links_and_the_current_folder_keep_their_names(music, monkeypatch) -> None:
    Path("tunes").symlink_to(music)
    main(Path("tunes"))
    assert Path("config/datasets/tunes.tsv").is_file()
    monkeypatch.chdir(music)
    main(Path())
    assert Path("config/datasets/my_music.tsv").is_file()
