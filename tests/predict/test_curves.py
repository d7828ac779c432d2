import numpy as np
import pandas as pd

from genregraph.predict.curves import MOST, draw, main

GENRES = [f"g{i:02d}" for i in range(12)]


def pieces(*counts: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    places = [(n, 30.0 * i) for n, count in enumerate(counts) for i in range(count)]
    rows = [(f"{n:03d} $x$.mp3", start, start + 30) for n, start in places]
    table = pd.DataFrame(rows, columns=["file", "start", "end"]).assign(genre="g00", distance=1.0)
    shares = rng.dirichlet(np.arange(1, 13), size=len(rows))
    return table.join(pd.DataFrame(shares, columns=[f"p({genre})" for genre in GENRES]))


def test_panels_are_of_files_of_several_pieces_and_filled_by_bands() -> None:
    table = pieces(1, 3, 2)
    figure = draw(table)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["001 $x$.mp3", "002 $x$.mp3"]
    bands = figure.axes[0].patches
    assert len(bands) == 9  # Eight genres, and all others.
    values = [band.get_data() for band in bands]
    assert np.allclose(values[0].edges, [0, 0.5, 1, 1.5])
    heights = [band.values - band.baseline for band in values]
    assert np.allclose(np.sum(heights, axis=0), 1)
    labels = figure.axes[0].get_legend_handles_labels()[1][:-1]
    of_first = table[table["file"] == "001 $x$.mp3"][[f"p({genre})" for genre in labels]]
    assert np.allclose(np.array(heights[:-1]).T, of_first)
    # There is a gap where pieces were rejected.
    band, *_, others = draw(pieces(4).drop(index=[1, 2])).axes[0].patches
    assert np.allclose(band.get_data().edges, [0, 0.5, 1.5, 2])
    for values in (band.get_data().values, others.get_data().values):
        assert np.isnan(values).tolist() == [False, True, False]


def test_figure_of_many_pieces_and_files_shows_the_likeliest_genres_and_first_files() -> None:
    figure = draw(pieces(400, *[2] * (MOST + 2)))
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert labels == [*GENRES[4:], "other"]
    assert len(figure.axes) == MOST
    assert figure.get_suptitle().endswith(f"{MOST} files (of {MOST + 3}, the first {MOST})")


def test_figure_without_long_files_says_so(tmp_path) -> None:
    pieces(1, 1).to_csv(tmp_path / "pieces.csv", index=False)
    main(tmp_path / "pieces.csv", tmp_path / "curves.svg")
    assert "no file is longer than one piece" in (tmp_path / "curves.svg").read_text()
    pieces().to_csv(tmp_path / "pieces.csv", index=False)
    main(tmp_path / "pieces.csv", tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
