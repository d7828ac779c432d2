import os
from pathlib import Path

import pytest
import yaml
from tests.audio.test_tags import tagged

import genregraph.cli.init as init
from genregraph.cli.init import configuration, copies_in, main, marked, music_in
from genregraph.cli.project import configured
from genregraph.common.errors import UserError
from genregraph.datasets.row import Row
from genregraph.datasets.sheet import read_sheet


def made(folder: Path, *names: str) -> Path:
    """Files that hold their own names, and no audio."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(os.fsencode(name))
    return folder


def with_tags(folder: Path, name: str, **tags: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    tagged(folder / name, "libmp3lame", tags)


def stated_of(folder: Path) -> list[tuple[str, str, str, str]]:
    return [(row.clip, row.genre, row.artist, row.title) for row in music_in(folder)[0]]


def test_folders_name_genres_and_artists(tmp_path) -> None:
    folder = made(tmp_path, "rock/a.wav", "jazz/Ann/Live/b.wav", "jazz/Ann/c.wav")
    assert stated_of(folder) == [
        ("b", "jazz", "Ann", ""),
        ("c", "jazz", "Ann", ""),
        ("a", "rock", "", ""),
    ]


def test_tags_name_artists_and_titles_and_genres_where_no_folder_does(tmp_path) -> None:
    with_tags(tmp_path, "rock/Some Album/01.mp3", artist="Bob", title="One", genre="Pop")
    with_tags(tmp_path, "02.mp3", artist="Cleo", title="Two", genre="Soul")
    made(tmp_path, "03.mp3")
    assert stated_of(tmp_path) == [
        ("02", "Soul", "Cleo", "Two"),
        ("01", "rock", "Bob", "One"),
    ]
    passed_over = "1 without a genre, which a folder or a tag can name: '03.mp3'"
    assert music_in(tmp_path)[1] == [passed_over]


def test_folders_named_like_the_artists_in_the_tags_are_artists(tmp_path) -> None:
    with_tags(tmp_path, "The Bobs/First/1.mp3", artist="the bobs", genre="Pop")
    with_tags(tmp_path, "The Bobs/First/2.mp3", artist="Bobs feat. Ann", genre="Pop")
    with_tags(tmp_path, "Cleo/3.mp3", artist="Cleo", genre="Soul")
    with_tags(tmp_path, "Dan/4.mp3", genre="Soul")
    assert stated_of(tmp_path) == [
        ("3", "Soul", "Cleo", ""),
        ("4", "Soul", "Dan", ""),
        ("1", "Pop", "the bobs", ""),
        ("2", "Pop", "Bobs feat. Ann", ""),
    ]


@pytest.mark.parametrize(
    ("name", "genre"),
    [("000/000002.mp3", "Hip-Hop"), ("1990/000002.mp3", "1990"), ("000/02.mp3", "000")],
)
def test_folders_of_numbers_are_genres_unless_they_are_fmas(tmp_path, name, genre) -> None:
    with_tags(tmp_path, name, artist="AWOL", genre="Hip-Hop")
    assert stated_of(tmp_path) == [(Path(name).stem, genre, "AWOL", "")]


def test_names_that_no_sheet_can_hold_are_passed_over(tmp_path) -> None:
    latin = os.fsdecode("rock/Café.wav".encode("latin-1"))
    rows, passed_over = music_in(made(tmp_path, "rock/a.wav", latin))
    assert [row.path for row in rows] == ["rock/a.wav"]
    assert passed_over == [r"1 with a name that is not UTF-8: 'rock/Caf\udce9.wav'"]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ("rock/1.wav jazz/1.wav jazz/2.wav", "jazz.1 2 rock.1"),
        ("rock/a.wav jazz/a.wav pop/rock.a.wav", "jazz.a pop.rock.a rock.a"),
        ("rock/Ann/1.wav rock/Ann/Live/1.wav rock/2.wav", "2 rock.Ann.1 rock.Ann.Live.1"),
        ("rock/a.wav rock/a.mp3 rock/b.wav", "rock.a.mp3 rock.a.wav b"),
        ("pop/b.wav rock/a/b.wav rock/a/b.mp3", "pop.b rock.a.b.mp3 rock.a.b.wav"),
    ],
)
def test_names_of_clips_are_no_longer_than_needed(tmp_path, files, names) -> None:
    assert {row.clip for row in music_in(made(tmp_path, *files.split()))[0]} == {*names.split()}


@pytest.mark.parametrize("names", [[], ["a.wav", "b.wav"], ["rock/a.txt"]])
def test_a_folder_without_a_genre_is_an_error(tmp_path, names) -> None:
    with pytest.raises(UserError, match="no audio of which a folder or a tag tells the genre"):
        music_in(made(tmp_path, *names))


def test_copies_are_named_and_all_but_the_first_excluded(tmp_path) -> None:
    folder = made(tmp_path, "rock/a.wav", "rock/b.wav")
    for name in ("jazz/copy.wav", "rock/z.wav"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("rock/b.wav")
    rows, alike = marked(music_in(folder)[0], folder)
    assert alike == [["copy", "b", "z"]]
    assert {row.clip: row.excluded for row in rows} == {
        "copy": "",
        "a": "",
        "b": "a copy of copy",
        "z": "a copy of copy",
    }
    assert len({row.md5 for row in rows}) == 2


def test_clips_of_a_sheet_come_before_their_copies_and_under_its_names(tmp_path) -> None:
    folder = made(tmp_path, "rock/m.wav")
    (folder / "rock/a.wav").write_text("rock/m.wav")
    known, new = Row("mine", "rock/m.wav", "rock"), Row("a", "rock/a.wav", "rock")
    ((row,), alike) = marked([new], folder, [known])
    assert (row.excluded, alike) == ("a copy of mine", [["mine", "a"]])


def test_files_that_cannot_be_read_are_no_copies(tmp_path) -> None:
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).symlink_to("/proc/self/mem")  # There, and of one size.
    assert copies_in(tmp_path, ["a.wav", "b.wav"]) == {}


def test_only_files_of_one_size_are_read(tmp_path, monkeypatch) -> None:
    folder = made(tmp_path, "a", "bb", "cc")
    read = []
    monkeypatch.setattr(init.contents, "md5", lambda path: read.append(path.name) or path.name)
    assert copies_in(folder, ["a", "bb", "cc"]) == {}
    assert read == ["bb", "cc"]


@pytest.fixture
def music(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return made(Path("my music"), "rock/a.wav", "rock/a.mp3", "jazz/Ann/b.wav")


def test_a_sheet_and_a_configuration_are_written_that_the_workflow_reads(music, capsys) -> None:
    main(music)
    config = Path("config/datasets/my_music.yaml")
    run = configured([config], [])
    assert (run.dataset, run.audio, run.facts().shards) == ("my_music", "my music", 2)
    rows = read_sheet(Path(run.sheet))
    assert [row.path for row in rows] == ["jazz/Ann/b.wav", "rock/a.mp3", "rock/a.wav"]
    assert len({row.clip for row in rows}) == 3  # Also of files that differ in their ending alone.
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "config/datasets/my_music.tsv: 3 clips of 2 genres and 1 artists."
    assert said[-1].endswith(
        "results/multiclass_knn.csv --configfile config/datasets/my_music.yaml"
    )


def test_a_sheet_is_merged_and_gets_the_columns_that_it_lacks(music, capsys) -> None:
    main(music)
    sheet, config = (Path(f"config/datasets/my_music.{end}") for end in ("tsv", "yaml"))
    by_hand = b"genre\tcomment\tpath\tclip\n Rock \tgood\trock/a.wav\tmine\nx\t\tgone.wav\tgone"
    sheet.write_bytes(by_hand)
    config.write_text(config.read_text() + "seed: 7\n")
    made(music, "rock/mine.wav")
    capsys.readouterr()
    main(music)
    assert sheet.read_text().splitlines() == [
        "genre\tcomment\tpath\tclip\tartist",
        "Rock\tgood\trock/a.wav\tmine\t",
        "x\t\tgone.wav\tgone\t",
        "jazz\t\tjazz/Ann/b.wav\tb\tAnn",
        "rock\t\trock/a.mp3\trock.a.mp3\t",
        "rock\t\trock/mine.wav\trock.mine.wav\t",
    ]
    assert {row.clip: row.artist for row in read_sheet(sheet)}["b"] == "Ann"
    said = capsys.readouterr().out
    assert "5 clips of 3 genres and 1 artists, 3 of them new." in said
    assert "in the sheet, but not in the folder: 'gone.wav'" in said
    assert configured([config], []).seed == 7
    before = sheet.read_bytes()
    main(music)
    assert sheet.read_bytes() == before


def test_what_cannot_be_read_leaves_the_sheet_as_it_was(music) -> None:
    main(music)
    sheet = Path("config/datasets/my_music.tsv")
    before = sheet.read_bytes()
    made(music, "true/c.wav")  # No genre can be called so.
    with pytest.raises(UserError, match=r"^my music: line 5: a genre cannot be called 'true'"):
        main(music)
    assert sheet.read_bytes() == before
    names = ["my_music.tsv", "my_music.yaml"]
    assert sorted(path.name for path in sheet.parent.iterdir()) == names


def test_a_name_that_is_taken_is_refused_and_another_can_be_given(music) -> None:
    with pytest.raises(UserError, match=r"there is a dataset demo already; .* --name NAME"):
        main(music, name="demo")
    assert not Path("config").exists()
    main(music)
    other = made(Path("elsewhere/my music"), "pop/p.wav")
    with pytest.raises(UserError, match=r"is that of the folder my music; .* --name NAME"):
        main(other)
    main(other, name="other")
    assert configured([Path("config/datasets/other.yaml")], []).audio == str(other)


@pytest.mark.parametrize(
    ("folder", "dataset"),
    [
        ("demo", "demo-mine"),
        ("2024_05", "2024_05"),
        ("[1990]", "1990_"),
        ("ß", "mine"),
        ("a b'; touch x; $(id)", "a_b_touch_x_id_"),
        ('"quoted" $HOME {live}', "quoted_HOME_live_"),
    ],
)
def test_any_folder_becomes_a_dataset(tmp_path, monkeypatch, folder, dataset) -> None:
    monkeypatch.chdir(tmp_path)
    main(made(Path(folder), f"{folder}/{folder}.wav", "rock/tab\tnew\nline.wav"))
    run = configured([Path(f"config/datasets/{dataset}.yaml")], [])
    assert (run.dataset, run.audio) == (dataset, folder)
    paths = [row.path for row in read_sheet(Path(run.sheet))]
    assert sorted(paths) == sorted([f"{folder}/{folder}.wav", "rock/tab\tnew\nline.wav"])


def test_a_link_and_the_folder_at_hand_are_called_as_they_are_here(music, monkeypatch) -> None:
    Path("tunes").symlink_to(music)
    main(Path("tunes"))
    assert Path("config/datasets/tunes.tsv").is_file()
    monkeypatch.chdir(music)
    main(Path())
    assert Path("config/datasets/my_music.tsv").is_file()


def test_a_folder_that_is_not_there_is_an_error(tmp_path) -> None:
    with pytest.raises(UserError, match="there is no folder or table"):
        main(tmp_path / "gone")


@pytest.mark.parametrize(("clips", "shards"), [(20, 2), (300, 10), (3000, 16), (106_574, 512)])
def test_a_shard_has_some_tens_of_clips_and_one_command_can_name_them_all(clips, shards) -> None:
    stated = yaml.safe_load(configuration("mine", Path("music"), Path("mine.tsv"), clips))
    assert stated["datasets"]["mine"]["shards"] == shards
