"""From a table of features to a sheet and a configuration."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from genregraph.cli import check
from genregraph.cli.init import main
from genregraph.cli.project import configured
from genregraph.common.errors import UserError
from genregraph.datasets.sheet import Row, read_sheet
from genregraph.features.imported import main as import_table
from genregraph.features.listed import main as list_clips

GENRES = ["Alt. Rock", "Soul"]
NUMBERS = ["Key", "Loudness", "Tempo"]


def songs(n: int = 24) -> pd.DataFrame:
    """A table as Spotify's: no column names clips, and one that looks as if it did is a scale."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "Track": [f"Song, no. {i}" for i in range(n)],
            "Artist": [f"Artist {i // 2}" for i in range(n)],
            "Year": 1960 + np.arange(n) % 40,
            "Key": rng.integers(0, 12, n),
            "Loudness": -10 * rng.random(n),
            "Tempo": 100 + rng.normal(size=n),
            "Genre": np.repeat(GENRES, n // 2),
        }
    )


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def made(table: pd.DataFrame, capsys, **options) -> tuple[dict[str, object], pd.DataFrame, str]:
    """Rows of the sheet by clip, the features, and what is printed."""
    table.to_csv("My Songs.csv", index=False)
    main(Path("My Songs.csv"), **{"genre": "Genre", "artist": "Artist", **options})
    rows = read_sheet(Path("config/datasets/My_Songs.tsv"))
    features = pd.read_parquet("config/datasets/My_Songs.parquet")
    assert features["clip"].tolist() == [row.clip for row in rows]
    return {row.clip: row for row in rows}, features, capsys.readouterr().out


def test_rows_are_numbered_numbers_are_features_and_commands_run(capsys) -> None:
    table = songs()
    rows, features, said = made(table, capsys)
    assert list(rows)[::23] == ["0001", "0024"]
    row = Row("0001", "0001", "Alt. Rock", artist="Artist 0", title="Song, no. 0")
    assert rows["0001"] == row
    assert features.columns.tolist() == ["clip", *NUMBERS]
    pd.testing.assert_frame_equal(features[NUMBERS], table[NUMBERS].astype(float))
    assert "no features, they say when or how often, not how: 'Year'" in said
    assert "24 clips of 2 genres and 12 artists" in said
    config = Path("config/datasets/My_Songs.yaml")
    target = f"results/report.html --configfile {config}"
    assert said.splitlines()[-1].endswith(target)
    run = configured([config], [])
    assert run.experiments[run.learning_curve.experiment].tables == ["my_songs"]
    assert run.tables["my_songs"].file == "config/datasets/My_Songs.parquet"
    check.main([config])
    checked = capsys.readouterr().out
    assert checked.splitlines()[-1].endswith(target)
    assert "multiclass_My_Songs: cannot run" not in checked
    assert ": cannot run: there is no audio to compute handcrafted" in checked


def test_odd_names_of_clips_are_imported(capsys) -> None:
    forms = ["a/b c/" + "long" * 15 + "{}", "é ß 音楽 {}", "0{}", "x.{}", "'{}' \"q\", a;b", " {} "]
    names = [form.format(i) for i in range(4) for form in [*forms, "{}.WAV"]]
    table = songs(len(names)).assign(Track=names).rename(columns={"Track": "Filename"})
    rows, _, said = made(table, capsys)
    assert list(rows) == names
    assert "columns: clip 'Filename', genre 'Genre', artist 'Artist'" in said
    sheet, file = (Path(f"config/datasets/My_Songs.{kind}") for kind in ("tsv", "parquet"))
    outputs = [Path(name) for name in ("clips.parquet", "a.csv", "mine.parquet", "b.csv")]
    list_clips(sheet, [file], "30s", *outputs[:2])
    import_table(file, sheet, outputs[0], "30s", *outputs[2:])
    imported = pd.read_parquet(outputs[2]).set_index("clip").loc[names]
    assert imported["Tempo"].tolist() == table["Tempo"].tolist()


def test_copies_and_songs_of_several_genres_are_excluded(capsys) -> None:
    table = songs().assign(id=np.arange(1, 25))
    for copy, of in ((13, 1), (3, 2), (5, 4)):  # Row 13 is of the other genre.
        table.loc[copy, NUMBERS] = table.loc[of, NUMBERS].to_list()
    table.loc[4, "Genre"] = "ALT. rock"  # No other genre.
    table.loc[[7, 20], "id"] = [7, 9]  # Of earlier rows, of the same genre and of the other.
    rows, _, said = made(table, capsys, clip="id")
    assert list(rows) == [str(i) for i in range(1, 25) if i not in (8, 21)]
    assert {clip: row.excluded for clip, row in rows.items() if row.excluded} == {
        **dict.fromkeys(["2", "14"], "its features have several genres"),
        "4": "the same features as 3",
        "6": "the same features as 5",
        "9": "its rows have several genres",
    }
    assert "recordings with several genres: 1: 2 rows, which are excluded" in said
    assert "copies, by their features, of one genre: 2 rows, which are excluded" in said
    assert "rows that repeat the clip of an earlier row: 2" in said
    assert "clips whose rows have several genres: 1 rows, which are excluded" in said


def test_labels_are_no_features_unless_kept(capsys) -> None:
    table = songs().assign(label=np.arange(24) % 7, code=np.repeat([0.1, 0.2], 12), mood="calm")
    _, features, said = made(table, capsys)
    assert features.columns.tolist() == ["clip", *NUMBERS]
    assert "no features, its name says so: 'label'" in said
    assert "no features, it is the same for all clips of a genre: 'code'" in said
    assert "no features, text: 'mood'" in said
    shutil.rmtree("config/datasets")
    _, features, _ = made(table, capsys, keep=["label,code", "Year"])
    assert set(features) == {"clip", *NUMBERS, "label", "code", "Year"}
    keep = configured([Path("config/datasets/My_Songs.yaml")], []).tables["my_songs"].keep
    assert keep == ["label", "code", "Year"]


def test_columns_and_genres_are_left_out_as_asked(capsys) -> None:
    table = songs(36).assign(Genre=np.repeat([*GENRES, "Today"], 12))
    table.loc[[3, 4], "Tempo"] = np.nan
    table.loc[5, "Genre"] = np.nan
    rows, features, said = made(table, capsys, drop=["Key"], without=["Today"])
    assert features.columns.tolist() == ["clip", "Loudness", "Tempo"]
    assert {row.genre for row in rows.values()} == set(GENRES)
    assert "rows of 'Today': 12; left out" in said
    assert "rows without clip or genre: 1; left out" in said
    assert "rows that lack a number: 2, which no result will have; most lack 'Tempo' (2)" in said


def test_spreadsheets_of_any_country_are_read_and_no_file_is_replaced(capsys) -> None:
    table = songs()
    table.to_csv("t.csv", index=False, sep=";", decimal=",")
    main(Path("t.csv"), genre="Genre", name="mine")
    written = Path("config/datasets/mine.parquet")
    assert np.allclose(pd.read_parquet(written)["Tempo"], table["Tempo"])
    assert "artist 'Artist'" in capsys.readouterr().out  # By its name.
    with pytest.raises(UserError, match=r"there is a sheet .* already"):
        main(Path("t.csv"), genre="Genre", name="mine")
    source = written.rename(written.with_name("songs.parquet"))
    table.to_parquet(source)
    before = source.read_bytes()
    with pytest.raises(UserError, match=r"there is a file .*songs.parquet already; move it"):
        main(source, genre="Genre")
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"genre": ""}, "--genre COLUMN"),
        ({"genre": "Gnre"}, "no column 'Gnre'; there are 'Track', "),
        ({"drop": ["Keys"]}, "no column 'Keys' to drop or keep"),
        ({"without": ["soul"]}, "no genre 'soul'; there are 'Alt. Rock', 'Soul'"),
        ({"drop": ["Key,Loudness", "Tempo"]}, "no column of numbers is left"),
    ],
)
def test_faulty_options_are_errors_and_nothing_is_written(options, problem, capsys) -> None:
    with pytest.raises(UserError, match=problem):
        made(songs(), capsys, **options)
    assert not list(Path().glob("config/datasets/*.*"))


def test_faulty_tables_and_folders_are_errors(capsys) -> None:
    broken = songs().astype({"Tempo": object})
    broken.loc[3, "Tempo"] = "fast"
    with pytest.raises(UserError, match=r"My Songs.csv: column 'Tempo', row 5: 'fast' is no numb"):
        made(broken, capsys)
    with pytest.raises(UserError, match="no row has a genre; is 'Genre' the right column"):
        made(songs().assign(Genre=np.nan), capsys)
    with pytest.raises(UserError, match=r"is a folder; leave out options of columns"):
        main(Path(), genre="Genre")
    with pytest.raises(UserError, match="there is no folder or table"):
        main(Path("gone"))
