"""Every figure and table of Snakemake's own report has a caption."""

import re
from pathlib import Path

import jinja2
import pytest
from docutils.core import publish_parts

from genregraph.report.figures.draw import FIGURES

ROOT = Path(__file__).parents[2]
CAPTIONS = ROOT / "workflow/scripts/genregraph/report/captions"
# Each by its own wildcards: that of figures has those of the dataset.
CASES = [(path.name, "clip") for path in sorted(CAPTIONS.iterdir())]
CASES += [("figure.rst", name) for name in FIGURES if name not in ("importances", "clip")]


def test_rules_and_captions_name_each_other() -> None:
    shown = re.compile(r'shown\(\s*f?"([^"]*)"(?:,\s*"([^"]*)")?')
    rules = [path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*.smk")]
    found = [match for text in rules for match in shown.findall(text)]
    named = {caption or Path(path).stem.rpartition(".")[2] for path, caption in found}
    assert named == {path.stem for path in CAPTIONS.iterdir()}


@pytest.mark.parametrize(("name", "figure"), CASES)
def test_captions_are_valid(name: str, figure: str) -> None:
    """As Snakemake fills them in."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    caption = environment.from_string((CAPTIONS / name).read_text(encoding="utf-8"))
    text = caption.render(snakemake={"wildcards": {"figure": figure, "experiment": "mine"}})
    html = publish_parts(text, writer="html", settings_overrides={"halt_level": 2})["body"]
    assert len(html) > 40
