import matplotlib
import numpy as np
import pytest

from genregraph.common.errors import UserError
from genregraph.report.figures.style import (
    COLOURS,
    MARKERS,
    counted,
    draw_clips,
    draw_genre_legend,
    in_style,
    new_figure,
    plain,
    save,
)


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"figure\.bmp must end in \.png or \.svg"):
        save(new_figure(1, 1), tmp_path / "figure.bmp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_users_own_style_changes_nothing_and_is_left_alone(ending, tmp_path):
    @in_style()
    def draw():
        figure = new_figure(2, 2)
        figure.subplots().plot([1, 2])
        return figure

    one, two = (tmp_path / f"{name}.{ending}" for name in ("one", "two"))
    save(draw(), one)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 10}):
        save(draw(), two)
        assert matplotlib.rcParams["font.size"] == 30
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("blues", "blues"),
        ("a\x00b\nc", "a\ufffdb\ufffdc"),
        ("0123456789", "0123456789"),
        ("0123456789A", "01234…789A"),
    ],
)
def test_names_are_printable_and_short(name, drawn):
    assert plain(name, 10) == drawn


@pytest.mark.parametrize(("number", "text"), [(1, "1 fold"), (0, "0 folds"), (1000, "1,000 folds")])
def test_things_are_counted(number, text):
    assert counted(number, "fold") == text


def test_many_genres_all_differ_in_colour_or_marker():
    genres = [f"genre{i}" for i in range(len(COLOURS) * len(MARKERS))]
    places = np.random.default_rng(0).normal(size=(len(genres), 2))
    axes = new_figure(2, 2).subplots()
    draw_clips(axes, places, np.arange(len(genres)), genres)
    looks = {
        (tuple(drawn.get_facecolor()[0]), tuple(map(tuple, drawn.get_paths()[0].vertices)))
        for drawn in axes.collections
    }
    assert len(looks) == len(genres)


def test_the_legend_names_every_genre(inputs):
    figure = new_figure(4, 3)
    axes = figure.subplots()
    draw_clips(axes, inputs.x[:, :2], inputs.y, inputs.genres.tolist())
    draw_genre_legend(figure, axes)
    [legend] = figure.legends
    assert [text.get_text() for text in legend.texts] == inputs.genres.tolist()
