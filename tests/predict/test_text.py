import pandas as pd

from genregraph.predict.choose import Choice
from genregraph.predict.text import as_text, of_model

FILES = {
    "file": "a.mp3",
    "seconds": 30.0,
    "pieces": 1,
    "genres": "jazz 1.00",
    "neighbours": "Ann: B (jazz, 0.00)",
    "unlike": False,
    "distance": 0.0,
    "threshold": 0.0,
    "artist": "",
    "genre_by_artist": "",
    "probability_by_artist": float("nan"),
}


def test_a_metric_by_which_all_clips_are_equal_is_said() -> None:
    none = pd.DataFrame(columns=["file", "problem", "what_was_done"])
    said = as_text(pd.DataFrame([FILES]), none, [], "model")
    assert "All distances between training clips are 0" in said
    assert "All distances" not in as_text(pd.DataFrame([{**FILES, "threshold": 1}]), none, [], "")


def test_the_model_is_named_with_its_leak_free_accuracy_and_log_loss() -> None:
    said = of_model(Choice("lda", "inductive", 0.55, 1.25), "multiclass_knn", "gtzan", 900)
    assert said == (
        "Predicted by lda of multiclass_knn, trained on 900 clips of gtzan. Under protocol "
        "inductive its accuracy is 0.5500, its log loss 1.2500 nats."
    )
    assert "its accuracy is not known" in of_model(Choice("graphsage"), "mine", "ours", 9)
