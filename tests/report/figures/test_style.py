import matplotlib
import pytest

from genregraph.report.figures.style import counted, in_style, new_figure, plain, save


@pytest.mark.parametrize("extension", ["png", "svg"])
def test_style_of_the_user_changes_nothing_and_is_left_alone(extension, tmp_path):
    @in_style()
    def draw():
        figure = new_figure(2, 2)
        figure.subplots().plot([1, 2])
        return figure

    one, two = (tmp_path / f"{name}.{extension}" for name in ("one", "two"))
    save(draw(), one)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 10}):
        save(draw(), two)
        assert matplotlib.rcParams["font.size"] == 30
    assert one.read_bytes() == two.read_bytes()


def test_names_are_printable_and_short_and_numbers_have_plurals():
    names = ["blues", "a\x00b\nc", "0123456789", "0123456789A"]
    drawn = ["blues", "a\ufffdb\ufffdc", "0123456789", "01234…789A"]
    assert [plain(name, 10) for name in names] == drawn
    assert [counted(n, "fold") for n in (0, 1, 1000)] == ["0 folds", "1 fold", "1,000 folds"]
