"""Small files of the kinds that figures are drawn from, and what every figure must stand up to."""

import json
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from tests.report import dataset

from genregraph.evaluation.outputs import read_result
from genregraph.preprocessing.inputs import Inputs
from genregraph.report.figures.style import save

GENRES = ["blues", "hip-hop & r'n'b", "pop$rock$", "ünï-jazz"]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="session")
def inputs() -> Inputs:
    """24 clips in four separate clouds, 5 features, every third clip for testing."""
    rng = np.random.default_rng(0)
    names = np.array([f"{GENRES[i % 4]}.{i:05d}" for i in range(24)])
    y = np.arange(24) % len(GENRES)
    x = rng.normal(size=(24, 5)) + 6 * rng.normal(size=(len(GENRES), 5))[y]
    return Inputs(
        x=x.astype(np.float32),
        y=y,
        train=np.arange(24) % 3 > 0,
        clips=names,
        genres=np.array(GENRES),
        features=np.array([f"feature{i}" for i in range(5)]),
        groups=names,
        artists=names,
    )


def assert_legible_png(path: Path) -> None:
    """There is something to be seen, on white, and nothing touches the border."""
    with Image.open(path) as image:
        assert "Software" not in image.info
        assert len(image.convert("RGB").getcolors(1 << 24)) > 16
        pixels = np.asarray(image.convert("RGB"))
    assert np.mean(pixels.min(axis=2) < 250) > 0.01
    border = np.ones(pixels.shape[:2], dtype=bool)
    border[2:-2, 2:-2] = False
    assert (pixels[border] == 255).all()


def assert_legible_svg(path: Path, expected: Sequence[str]) -> None:
    """It is XML with something drawn and with all the texts that are expected."""
    assert list(ET.parse(path).iter(f"{SVG}path"))
    texts = ["".join(text.itertext()) for text in ET.parse(path).iter(f"{SVG}text")]
    assert [text for text in expected if text not in texts] == []
    others = [text for text in texts if text not in expected]
    assert not [text for text in others if re.search(r"\\math|\bnan\b|\binf\b", text)]
    assert b"<dc:date>" not in path.read_bytes()


def assert_legible(folder: Path, draw: Callable[..., Figure], *arguments: object, texts) -> None:
    """PNG and SVG show what is expected, and drawn a second time the bytes are the same."""
    png, svg, again = (folder / name for name in ("one.png", "one.svg", "two.svg"))
    for output in (png, svg, again):
        save(draw(*arguments), output)
    assert_legible_png(png)
    assert_legible_svg(svg, texts)
    assert svg.read_bytes() == again.read_bytes()


def assert_apart(figure: Figure) -> None:
    """No two tick labels of an axis overlap, and no text of one panel reaches into another."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = [label for label in axis.get_ticklabels() if label.get_text()]
            boxes = [label.get_window_extent() for label in labels if label.get_visible()]
            assert not [one for one, next_one in pairwise(boxes) if one.overlaps(next_one)]
    panels = [axes.get_tightbbox() for axes in figure.axes if axes.axison]
    for number, one in enumerate(panels):
        # Half a pixel may be shared by rounding.
        assert not [other for other in panels[:number] if one.padded(-1).overlaps(other)]


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The report of a small dataset, its copy a folder above, and what it was made from."""
    project = tmp_path_factory.mktemp("project")
    options = dataset.write_dataset(project)
    path = dataset.write_page(options, project / "results/mine/report.html")
    shutil.copyfile(path, project / "results/report.html")
    tables = {
        name: read_result(options["folder"] / f"{name}.csv") for name in ("summary", "comparisons")
    }
    shown = json.loads(options["maps"][0].read_text())
    return SimpleNamespace(path=path, options=options, project=project, map=shown, **tables)
