"""Small files of the kinds that figures are drawn from, and what every figure must stand up to."""

import json
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from tests.report import dataset

from genregraph.evaluation.outputs import read_result
from genregraph.preprocessing.inputs import Inputs, InputsFile
from genregraph.report.figures.style import save

SVG = "{http://www.w3.org/2000/svg}"


def assert_legible(folder: Path, draw: Callable[..., Figure], *arguments: object, texts) -> None:
    """The same bytes each time; something is drawn, apart and inside, with all these texts."""
    png, svg, again = (folder / name for name in ("one.png", "one.svg", "two.svg"))
    for output in (png, svg, again):
        figure = draw(*arguments)
        save(figure, output)
    assert svg.read_bytes() == again.read_bytes()
    assert b"<dc:date>" not in svg.read_bytes()
    assert list(ET.parse(svg).iter(f"{SVG}path"))
    shown = ["".join(text.itertext()) for text in ET.parse(svg).iter(f"{SVG}text")]
    assert [text for text in texts if text not in shown] == []
    others = [text for text in shown if text not in texts]
    assert not [text for text in others if re.search(r"\\math|\bnan\b|\binf\b", text)]
    with Image.open(png) as image:
        assert "Software" not in image.info
        pixels = np.array(image.convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 16
    assert np.mean(pixels.min(axis=2) < 250) > 0.01
    pixels[2:-2, 2:-2] = 255
    assert (pixels == 255).all()  # Nothing touches the border.
    assert_apart(figure)


def assert_apart(figure: Figure) -> None:
    """No two tick labels of an axis overlap, and no text of one panel reaches into another."""
    FigureCanvasAgg(figure).draw()
    for axis in [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]:
        labels = [label for label in axis.get_ticklabels() if label.get_text()]
        boxes = [label.get_window_extent() for label in labels if label.get_visible()]
        assert not [one for one, other in pairwise(boxes) if one.overlaps(other)]
    panels = [axes.get_tightbbox() for axes in figure.axes if axes.axison]
    # Half a pixel may be shared by rounding.
    assert not [one for one, other in combinations(panels, 2) if one.padded(-1).overlaps(other)]


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The report of a small dataset, its copy a folder above, and what it was made from."""
    project = tmp_path_factory.mktemp("project")
    options = dataset.write_dataset(project)
    path = dataset.write_page(options)
    shutil.copyfile(path, project / "results/report.html")
    tables = {
        name: read_result(options["folder"] / f"{name}.csv") for name in ("summary", "comparisons")
    }
    shown = json.loads(options["maps"][0].read_text())
    return SimpleNamespace(path=path, options=options, project=project, map=shown, **tables)


@pytest.fixture(scope="session")
def inputs(report: SimpleNamespace) -> Inputs:
    """Its clips, of each genre a separate cloud, in the first fold under protocol clean."""
    return InputsFile(report.options["maps"][0].with_name("inputs.npz"))[0]
