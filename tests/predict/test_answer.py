"""Tables and the text of predictions, of which the step makes its answer."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from tests.predict.conftest import drawn, learnt, listed, new_features

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.common.errors import UserError
from genregraph.datasets.listing import NOT_PREDICTED, shards_of
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.features.gather import gather
from genregraph.features.parquet import write_table
from genregraph.predict import tables
from genregraph.predict.answer import as_text, features_of, main, of_model
from genregraph.predict.pieces import COLUMNS
from genregraph.predict.predictor import Choice, predict

HOSTILE = "a\x1b[2J\n#' $(id).mp3"
LENGTH = 30 * SAMPLE_RATE


def pieces_of(counts: dict[str, int]) -> pd.DataFrame:
    """Pieces of 30 s of some files, as `predict.pieces` lists them; of 0 a file is rejected."""
    rows = []
    for file, count in counts.items():
        row = {**dict.fromkeys(COLUMNS, ""), "file": file, "artist": "The Bo"}
        row |= {"start": 0, "length": 0, "samples": count * LENGTH}
        for i in range(count):
            rows.append({**row, "piece": f"{file}#{i}", "start": i * LENGTH, "length": LENGTH})
        if not count:
            rows.append(row | {"problem": "no music", "what_was_done": NOT_PREDICTED})
    return pd.DataFrame(rows)


def shard(*pieces: str, **columns: float) -> pd.DataFrame:
    return pd.DataFrame({"clip": pieces, "problem": "", **columns})


def test_features_of_shards_have_the_predictors_order_and_lack_none() -> None:
    one = [shard("b#0", f1=1.0, f2=2.0, x=9.0), shard("a#0", "a#1", f1=3.0, f2=4.0, x=9.0)]
    two = [shard("b#0", f3=np.nan, x=8.0), shard("a#0", "a#1", f3=5.0, x=8.0)]
    gathered = {"one": gather(one), "two": gather(two)}
    features, rejected = features_of(gathered, ["f3", "f1", "two_x"])
    assert features.columns.tolist() == ["f3", "f1", "two_x"]
    assert features.loc["a#0"].tolist() == [5, 3, 8]
    assert features.index.tolist() == ["a#0", "a#1"]
    assert rejected == {"b#0": "features are not finite: 'f3'"}
    with pytest.raises(UserError, match=r"2 imported features, such as 'y', are not computed"):
        features_of({"one": gather(one)}, ["f1", "x", "y", "z"])


def answered(folder, pieces: pd.DataFrame, artists=None) -> pd.DataFrame:
    """Files that the step predicts; one has features like no clip's, and two pieces have none."""
    old = drawn(60)
    for name in ("ours", "multiclass_ours", "00-of-01"):
        (folder / name).mkdir(exist_ok=True)
    learnt(old, "lda").save(folder / "multiclass_ours/predictor")
    named = {"genre": "x", "artist": "Ann\u202e", "title": "B"}
    rows = [Row(clip, f"{clip}.wav", **named) for clip in listed(old)["clip"]]
    write_sheet(rows, folder / "sheet.tsv")
    named = pieces[pieces["piece"] != ""].reset_index(drop=True)
    values = drawn(len(named), seed=1).drop(columns="genre")
    values[named["file"] == "unlike.mp3"] = 50
    values[named["piece"].isin(["half.mp3#1", "none.mp3#0"])] = np.nan
    values.insert(0, "clip", named["piece"])
    values.insert(1, "problem", "")
    pieces.to_parquet(folder / "00-of-01/pieces.parquet", index=False)
    write_table(values, folder / "00-of-01/mine.parquet")
    names = ["pieces", "neighbours", "problems", "text"]
    main(
        parts="00-of-01",
        predictor=folder / "multiclass_ours/predictor",
        output=folder / "ours/output",
        sheet=folder / "sheet.tsv",
        artists=artists,
        table=["mine"],
        synthesised=False,
        unnameable=[r"Caf\udce9.mp3"],
        passed_over=["2 with extension .jpg: 'a.jpg', ..."],
        **{name: folder / name for name in names},
    )
    return pd.read_csv(folder / "ours/output").set_index("file")


def test_step_writes_tables_and_a_text_for_any_terminal(tmp_path, monkeypatch) -> None:
    artists = tmp_path / "artists.csv"
    artists.write_text("file,artist\nunlike.mp3,Cy\nother.mp3,bo\n")
    monkeypatch.chdir(tmp_path)
    counts = {HOSTILE: 2, "half.mp3": 2, "none.mp3": 1, "other.mp3": 1, "unlike.mp3": 1}
    pieces = pieces_of(counts | {"=text.mp3": 0})
    done = ["3672.0 s long", "the first 600 s are used"]
    pieces.loc[pieces["file"] == "other.mp3", ["problem", "what_was_done"]] = done
    files = answered(tmp_path, pieces, artists)
    assert files.index.tolist() == [HOSTILE, "half.mp3", "other.mp3", "unlike.mp3"]
    assert files["seconds"].tolist() == [60, 60, 30, 30]
    assert files["unlike"].tolist() == [False, False, False, True]
    assert files["neighbours"].str.startswith("Ann\ufffd: B (").all()
    assert files["artist"].tolist() == ["The Bo", "The Bo", "bo", "Cy"]
    assert files["genre_by_artist"].notna().tolist() == [True, True, True, False]
    assert len(pd.read_csv(tmp_path / "pieces")) == 5
    problems = pd.read_csv(tmp_path / "problems").set_index("file")
    assert problems["what_was_done"].to_dict() == {
        **dict.fromkeys([r"Caf\udce9.mp3", "'=text.mp3", "none.mp3"], NOT_PREDICTED),
        "half.mp3": "its other 1 pieces are used",
        "other.mp3": "the first 600 s are used",
    }
    answer = (tmp_path / "text").read_text(encoding="utf-8")
    assert all(line.isprintable() for line in answer.splitlines())
    for said in (
        "Predicted by lda of multiclass_ours, trained on 60 clips of ours. It was evaluated by no ",
        "a\ufffd[2J\ufffd#' $(id).mp3 (60 s, mean of 2 pieces)",
        "  mean of all files of bo: ",
        "UNLIKE all training clips: its distance is",
        "3 file(s) could not be predicted:\n  Caf\\udce9.mp3: its name is not UTF-8",
        "\n  =text.mp3: no music\n",
        "passed over: 2 with extension .jpg",
        "\n  3672.0 s long: the first 600 s are used\n",
    ):
        assert answer.count(said) == 1, said
    odd = pd.DataFrame(columns=["file", "problem", "what_was_done"])
    model = of_model(Choice("lda", "inductive", 0.55, 1.25), "multiclass_knn", "gtzan", 900)
    assert model.endswith(" inductive its accuracy is 0.5500, its log loss 1.2500 nats.")
    text = as_text(files.reset_index().iloc[:1].assign(threshold=0), odd, [], model)
    assert "All distances between training clips are 0" in text
    # Of rejected files alone.
    assert answered(tmp_path, pieces_of({"text.mp3": 0})).empty
    assert "2 file(s) could not be predicted" in (tmp_path / "text").read_text()


def test_parts_of_very_many_files_fit_in_a_command() -> None:
    """Rules give a command to bash as one argument, which may be 128 KiB long on Linux."""
    parts = shards_of([f"{number}.mp3" for number in range(200_000)])
    assert len(" ".join(parts)) < 2**16  # All else of the command is much shorter.


def test_prediction_of_a_file_is_the_mean_of_its_pieces() -> None:
    predictor = learnt(drawn(60))
    starts = [0, 0, 30, 60]
    pieces = pd.DataFrame({"file": ["a", "long", "long", "long"], "start": starts, "length": 30})
    pieces[["start", "length"]] *= SAMPLE_RATE
    features = new_features(4).copy()
    features[3] = 50  # One piece of three is like nothing.
    table = tables.of_pieces(pieces, predict(predictor, features), predictor)
    assert table["unlike"].tolist() == [False, False, False, True]
    assert table[["start", "end"]].to_numpy().tolist() == [[each, each + 30] for each in starts]
    files, shares = tables.of_files(table, predictor)
    assert files["pieces"].to_dict() == {"a": 1, "long": 3}
    means = table.filter(regex=r"^p\(").set_axis(predictor.genres, axis=1).iloc[1:].mean()
    assert_allclose(shares.loc["long"], means)
    long = files.loc["long"]
    assert long["genre"] == means.idxmax()
    assert long["probability"] == pytest.approx(means.max())
    assert long["genres"].startswith(f"{long['genre']} {means.max():.2f}, ")
    assert files["unlike"].tolist() == [False, False]


@pytest.mark.parametrize("model", ["graphsage", "lda"])
def test_neighbours_are_songs_with_artist_and_title_the_nearest_first(model) -> None:
    old = drawn(30)
    predictor = learnt(old, model, graph={"k": 20})
    clips = listed(old)["clip"].tolist()
    rows = [Row(clips[0], "a.wav", "folk", artist="Ann", title="Song")]
    features = np.vstack([old.drop(columns="genre").to_numpy()[[0, 1]], np.zeros((1, 6))])
    songs = tables.nearest_songs(["x", "x", "y"], predict(predictor, features), predictor, rows)
    for _, near in songs.groupby("file"):
        assert near["distance"].is_monotonic_increasing
        assert near["rank"].tolist() == list(range(1, 11))
        assert near["clip"].is_unique
        assert near["share"].between(0, 1).all()
        assert near["share"].any() == (model == "graphsage")
    assert songs.loc[0, ["clip", "artist", "title"]].tolist() == [clips[0], "Ann", "Song"]
    assert songs["distance"].iloc[:2].tolist() == [0, 0]  # Each piece's own training clip.
    line = tables.in_words(songs)["x"]
    assert line.startswith(f"Ann: Song (folk, 0.00); {clips[1]} (jazz, 0.00); ")
    assert line.count(";") == 2


def test_files_of_one_artist_have_the_mean_of_their_probabilities() -> None:
    rows = [[0.6, 0.4], [0.1, 0.9], [0.9, 0.1], [0.3, 0.7], [0.2, 0.8]]
    probabilities = pd.DataFrame(rows, columns=["jazz", "rock"])
    artists = ["The Ann's", "anns", "Bo", "V.A.", "various artists"]
    table = tables.by_artist(artists, probabilities)
    assert table["artist"].tolist() == ["The Ann's", "anns", "Bo", "", ""]
    assert table["genre_by_artist"].tolist() == ["rock", "rock", "", "", ""]
    assert_allclose(table["probability_by_artist"], [0.65, 0.65, np.nan, np.nan, np.nan])
    assert tables.by_artist([], probabilities.iloc[:0]).shape == (0, 3)


@pytest.mark.parametrize(
    "content",
    [
        'file,artist,title\na.mp3,"Simon, Paul",x\nsub/b.mp3,Bo,y\ngone.mp3,Cy,z\n',
        "\ufefffile;artist\r\na.mp3;Simon, Paul\r\nsub/b.mp3;Bo\r\n",
        "artist\tfile\nSimon, Paul\tlists/a.mp3\nBo\tlists/sub/b.mp3\n",
    ],
)
def test_artists_sheet_names_files_from_its_folder_or_that_of_the_run(
    tmp_path, monkeypatch, content
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists").mkdir()
    sheet = tmp_path / "lists/artists.txt"
    sheet.write_text(content, encoding="utf-8")
    artists = tables.read_artists(sheet, ["lists/a.mp3", "lists/sub/b.mp3", "other.mp3"])
    assert artists == {"lists/a.mp3": "Simon, Paul", "lists/sub/b.mp3": "Bo"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"file,singer\na.mp3,Ann\n", "columns file and artist: .*'artist'"),
        (b"file,artist\nb.mp3,Ann\n", "none of the 1 rows .* such as 'a.mp3'"),
        (b"file,artist\na.mp3,Caf\xe9\n", "cannot be read"),
        (b"", "cannot be read"),
    ],
)
def test_artists_sheet_of_no_use_is_an_error(tmp_path, content, message) -> None:
    (tmp_path / "sheet.csv").write_bytes(content)
    with pytest.raises(UserError, match=message):
        tables.read_artists(tmp_path / "sheet.csv", ["a.mp3"])
