"""Every figure and table of Snakemake's own report has a caption."""

import re
from pathlib import Path

import jinja2
import pytest
from docutils.core import publish_parts

from genregraph.report.figures.draw import FIGURES

ROOT = Path(__file__).parents[2]
CAPTIONS = ROOT / "workflow/scripts/genregraph/report/captions"
RULES = [path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*.smk")]


def caption(name: str, **wildcards: str) -> str:
    """A caption as Snakemake fills it in."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    text = environment.from_string((CAPTIONS / name).read_text(encoding="utf-8"))
    return text.render(snakemake={"wildcards": wildcards})


def test_rules_and_captions_name_each_other() -> None:
    shown = re.compile(r'shown\(\s*f?"([^"]*)"(?:,\s*"([^"]*)")?')
    found = [match for text in RULES for match in shown.findall(text)]
    named = {caption or Path(path).stem.rpartition(".")[2] for path, caption in found}
    assert named == {path.stem for path in CAPTIONS.iterdir()}


@pytest.mark.parametrize("name", sorted(path.name for path in CAPTIONS.iterdir()))
def test_captions_are_valid(name: str) -> None:
    text = caption(name, figure="clip", experiment="multiclass_mine")
    html = publish_parts(text, writer="html", settings_overrides={"halt_level": 2})["body"]
    assert len(html) > 40


@pytest.mark.parametrize("figure", sorted({*FIGURES} - {"importances"}))
def test_figures_of_the_dataset_have_captions(figure: str) -> None:
    assert len(caption("figure.rst", figure=figure).strip()) > 40
