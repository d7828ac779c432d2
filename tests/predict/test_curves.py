import numpy as np
import pandas as pd

from genregraph.predict.curves import MOST, draw, long_files, main, shown_genres

GENRES = [f"g{i:02d}" for i in range(12)]


def pieces(*counts: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        (f"{n:03d} $x$.mp3", 30.0 * i, 30.0 * i + 30)
        for n, c in enumerate(counts)
        for i in range(c)
    ]
    table = pd.DataFrame(rows, columns=["file", "start", "end"]).assign(genre="g00", distance=1.0)
    shares = rng.dirichlet(np.arange(1, 13), size=len(rows))
    return table.join(pd.DataFrame(shares, columns=[f"p({genre})" for genre in GENRES]))


def test_files_of_several_pieces_have_a_panel_each_and_bands_fill_it() -> None:
    table = pieces(1, 3, 2)
    assert long_files(table) == ["001 $x$.mp3", "002 $x$.mp3"]
    figure = draw(table)
    assert [axes.get_title(loc="left") for axes in figure.axes] == long_files(table)
    bands = figure.axes[0].patches
    assert len(bands) == 9  # Eight genres, and all others.
    values = [band.get_data() for band in bands]
    assert np.allclose(values[0].edges, [0, 0.5, 1, 1.5])
    heights = [band.values - band.baseline for band in values]
    assert np.allclose(np.sum(heights, axis=0), 1)
    shown = shown_genres(table, GENRES)
    of_first = table[table["file"] == "001 $x$.mp3"][[f"p({genre})" for genre in shown]]
    assert np.allclose(np.array(heights[:-1]).T, of_first)


def test_nothing_is_drawn_where_a_piece_was_refused() -> None:
    table = pieces(4).drop(index=[1, 2])
    band, *_, others = draw(table).axes[0].patches
    assert np.allclose(band.get_data().edges, [0, 0.5, 1.5, 2])
    for values in (band.get_data().values, others.get_data().values):
        assert np.isnan(values).tolist() == [False, True, False]


def test_the_likeliest_genres_are_shown() -> None:
    assert shown_genres(pieces(400), GENRES) == GENRES[4:]


def test_more_files_than_panels_are_counted() -> None:
    figure = draw(pieces(*[2] * (MOST + 3)))
    assert len(figure.axes) == MOST
    assert (
        figure.get_suptitle() == f"Genres over time, {MOST} files (of {MOST + 3}, the first {MOST})"
    )


def test_without_long_files_the_figure_says_so(tmp_path) -> None:
    pieces(1, 1).to_csv(tmp_path / "pieces.csv", index=False)
    main(tmp_path / "pieces.csv", tmp_path / "curves.svg")
    assert "no file is longer than one piece" in (tmp_path / "curves.svg").read_text()
    pieces().to_csv(tmp_path / "pieces.csv", index=False)
    main(tmp_path / "pieces.csv", tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
