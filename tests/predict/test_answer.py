import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from tests.predict.conftest import drawn, listed

from genregraph.audio.samples import SAMPLE_RATE
from genregraph.common.errors import UserError
from genregraph.datasets.row import Row
from genregraph.datasets.sheet import write_sheet
from genregraph.features.parquet import write_table
from genregraph.predict.answer import features_of, list_problems, main, of_files, of_pieces
from genregraph.predict.listing import NOT_PREDICTED
from genregraph.predict.pieces import COLUMNS
from genregraph.predict.predictor import predict


def pieces_of(*counts: tuple[str, int]) -> pd.DataFrame:
    """Pieces of 30 s of some files, as `predict.pieces` lists them."""
    length = 30 * SAMPLE_RATE
    rows = [
        {
            **dict.fromkeys(COLUMNS, ""),
            "piece": f"{file}#{i}",
            "file": file,
            "start": i * length,
            "length": length,
            "samples": count * length,
            "status": "ok",
        }
        for file, count in counts
        for i in range(count)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def refused(file: str) -> pd.DataFrame:
    row = {**dict.fromkeys(COLUMNS, ""), "file": file, "start": 0, "length": 0, "samples": 0}
    said = {"status": "rejected", "problem": "no music", "what_was_done": NOT_PREDICTED}
    return pd.DataFrame([{**row, **said}])


def shard(*pieces: str, **columns: float) -> pd.DataFrame:
    return pd.DataFrame({"clip": pieces, "problem": "", **columns})


def test_features_of_shards_stand_in_the_predictors_order() -> None:
    tables = [
        ("one", [shard("b#0", f1=1.0, f2=2.0, x=9.0), shard("a#0", "a#1", f1=3.0, f2=4.0, x=9.0)]),
        ("two", [shard("b#0", f3=np.nan, x=8.0), shard("a#0", "a#1", f3=5.0, x=8.0)]),
    ]
    features, lost = features_of(tables, ["f3", "f1", "two_x"])
    assert features.columns.tolist() == ["f3", "f1", "two_x"]
    assert features.loc["a#0"].tolist() == [5, 3, 8]
    assert features.index.tolist() == ["a#0", "a#1"]
    assert lost == {"b#0": "features are not finite: 'f3'"}


def test_features_that_no_extractor_computes_are_an_error() -> None:
    with pytest.raises(UserError, match=r"have 2 features .* the first of them 'x'.*imported"):
        features_of([("one", [shard("a#0", f=1.0)])], ["f", "x", "y"])


def test_a_file_is_what_its_pieces_are_on_average(learnt) -> None:
    predictor = learnt(drawn(60))
    pieces = pieces_of(("a", 1), ("long", 3))
    features = drawn(4, seed=1).drop(columns="genre").to_numpy().copy()
    features[3] = 50  # One piece of three is like nothing.
    found = of_pieces(pieces, predict(predictor, features), predictor)
    assert found["unlike"].tolist() == [False, False, False, True]
    assert found[["start", "end"]].to_numpy().tolist() == [[0, 30], [0, 30], [30, 60], [60, 90]]
    files = of_files(found, {"a": 30.0, "long": 97.3}, predictor)
    assert files["file"].tolist() == ["a", "long"]
    assert files["pieces"].tolist() == [1, 3]
    assert files["seconds"].tolist() == [30.0, 97.3]
    columns = [f"p({genre})" for genre in predictor.genres]
    assert_allclose(files[columns].iloc[1], found[columns].iloc[1:].mean())
    best = files.loc[1, columns].astype(float).idxmax()
    assert files.loc[1, "genre"] == best[2:-1]
    assert files.loc[1, "probability"] == files.loc[1, best]
    assert files.loc[1, "genres"].startswith(f"{best[2:-1]} {files.loc[1, best]:.2f}, ")
    assert files["unlike"].tolist() == [False, False]


def test_problems_are_listed_once_a_file() -> None:
    pieces = pieces_of(("good", 1), ("half", 2), ("none", 1))
    pieces = pd.concat([pieces, refused("text.mp3")])
    lost = {"half#1": "features are not finite", "none#0": "no"}
    found = list_problems([r"Caf\udce9.mp3"], pieces, lost).set_index("file")
    assert found["what_was_done"].to_dict() == {
        r"Caf\udce9.mp3": NOT_PREDICTED,
        "half": "its other 1 pieces are used",
        "none": NOT_PREDICTED,
        "text.mp3": NOT_PREDICTED,
    }


HOSTILE = "a\x1b[2J\n#' $(id).mp3"


def test_the_step_writes_all_tables_and_a_text_that_no_terminal_obeys(learnt, tmp_path) -> None:
    old = drawn(60)
    learnt(old, "lda").save(tmp_path / "predictor")
    rows = [
        Row(clip, f"{clip}.wav", "x", artist="Ann\u202e", title="B") for clip in listed(old)["clip"]
    ]
    write_sheet(rows, tmp_path / "sheet.tsv")
    pieces = pieces_of((HOSTILE, 2), ("other.mp3", 1), ("unlike.mp3", 1))
    pieces = pd.concat([pieces, refused("=text.mp3")])
    values = drawn(4, seed=1).drop(columns="genre")
    values.iloc[3] = 50
    values.insert(0, "clip", pieces["piece"].iloc[:4].to_numpy())
    (tmp_path / "shard").mkdir()
    pieces.assign(artist="The Bo").to_parquet(tmp_path / "shard/pieces.parquet", index=False)
    (tmp_path / "artists.csv").write_text("file,artist\nunlike.mp3,Cy\nother.mp3,bo\n")
    write_table(values.assign(problem=""), tmp_path / "shard/mine.parquet")
    names = ["pieces", "neighbours", "problems", "text", "output"]
    # The sheet names files from the folder of the run, which is another.
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        main(
            predictor=tmp_path / "predictor",
            sheet=tmp_path / "sheet.tsv",
            artists=tmp_path / "artists.csv",
            table=["mine"],
            dataset="ours",
            experiment="multiclass_ours",
            synthesised=False,
            shards=[tmp_path / "shard"],
            passed_over=["2 ending in .jpg: 'a.jpg', ..."],
            **{name: tmp_path / name for name in names},
        )
    files = pd.read_csv(tmp_path / "output").set_index("file")
    assert files.index.tolist() == [HOSTILE, "other.mp3", "unlike.mp3"]
    assert files["unlike"].tolist() == [False, False, True]
    assert files["neighbours"].str.startswith("Ann\ufffd: B (").all()
    assert files["model"].unique() == ["lda"]
    assert files["artist"].tolist() == ["The Bo", "bo", "Cy"]
    means = files.filter(regex=r"^p\(").iloc[:2].mean()
    assert files["genre_by_artist"].iloc[:2].tolist() == [means.idxmax()[2:-1]] * 2
    assert_allclose(files["probability_by_artist"], [means.max(), means.max(), np.nan], atol=2e-4)
    assert len(pd.read_csv(tmp_path / "pieces")) == 4
    assert set(pd.read_csv(tmp_path / "neighbours")["file"]) == set(files.index)
    assert pd.read_csv(tmp_path / "problems")["file"].tolist() == ["'=text.mp3"]
    answer = (tmp_path / "text").read_text(encoding="utf-8")
    assert all(line.isprintable() for line in answer.splitlines())
    assert "a\ufffd[2J\ufffd#' $(id).mp3 (60 s, mean of 2 pieces)" in answer
    assert answer.count("  mean of all files of The Bo: ") == 1
    assert answer.count("  mean of all files of ") == 2
    assert "nearest: Ann\ufffd: B (" in answer
    assert "UNLIKE all training clips: its distance is" in answer
    assert "1 file(s) could not be predicted:\n  =text.mp3: no music\n" in answer
    assert "passed over: 2 ending in .jpg" in answer
    assert answer.startswith(
        "Predicted by lda of multiclass_ours, trained on 60 clips of ours. It was evaluated by no "
        "protocol without leaks"
    )
