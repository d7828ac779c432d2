import pandas as pd
import pytest

from genregraph.audio.clips import COLUMNS
from genregraph.report.figures.clips import count, draw


@pytest.fixture
def clips(genres):
    """Three clips a genre; the first two of the first genre are refused, one is repaired."""
    names = [(f"{genre}.{i}", genre) for genre in genres for i in range(3)]
    table = pd.DataFrame(names, columns=["clip", "genre"]).reindex(columns=COLUMNS)
    return table.assign(status=["rejected", "rejected", "repaired", *["ok"] * (len(names) - 3)])


def test_repaired_clips_are_usable(clips, genres):
    table = count(clips)
    assert table.index.tolist() == sorted(genres)
    assert table.loc["blues"].tolist() == [1, 2]
    assert table["usable"].sum() == 10


def test_the_figure_is_legible(clips, genres, assert_legible):
    expected = [*genres, "usable", "rejected", "1 + 2", "cut 3s: 10 usable, 2 rejected", "clips"]
    assert_legible(draw, {"30s": clips, "3s": clips}, texts=expected)


def test_labels_keep_apart(clips, assert_apart):
    assert_apart(draw({"30s": clips, "3s": clips}))


def test_a_genre_that_is_refused_altogether_keeps_its_row(clips):
    [axes] = draw({"30s": clips.assign(status="rejected")}).axes
    assert [text.get_text() for text in axes.texts] == ["0 + 3"] * 4
