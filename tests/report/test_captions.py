"""Every figure and table of Snakemake's own report has a caption."""

import re
from pathlib import Path

import jinja2
import pytest
from docutils.core import publish_parts

ROOT = Path(__file__).parents[2]
CAPTIONS = ROOT / "workflow/scripts/genregraph/report/captions"
RULES = {path.name: path.read_text() for path in (ROOT / "rules").glob("*.smk")}
INTERMEDIATE = {"EXPERIMENT/accuracies.csv", "EXPERIMENT/comparisons.csv"}
INTERMEDIATE |= {"PROTOCOL/selection.csv", "PROTOCOL/cnn-history.csv"}
FIGURES = re.findall(r'"(\w+)": ', RULES["report.smk"].split("FIGURES = {")[1].split("\n}")[0])


def written(name: str, **wildcards: str) -> str:
    """A caption as Snakemake fills it in."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    text = environment.from_string((CAPTIONS / name).read_text(encoding="utf-8"))
    return text.render(snakemake={"wildcards": wildcards})


def test_rules_name_captions_that_there_are_and_no_caption_is_left_over() -> None:
    named = {
        name for text in RULES.values() for name in re.findall(r"captions/([\w-]+\.rst)", text)
    }
    drawn = re.findall(r'drawn\(\s*\w+, "\w+", "([\w-]+)"', RULES["report.smk"])
    named |= {f"{name}.rst" for name in drawn}
    assert named == {path.name for path in CAPTIONS.iterdir()}


@pytest.mark.parametrize("name", sorted(path.name for path in CAPTIONS.iterdir()))
def test_captions_are_sound(name: str) -> None:
    text = written(name, figure="clip", experiment="multiclass_mine")
    found = publish_parts(text, writer="html", settings_overrides={"halt_level": 2})["body"]
    assert len(found) > 40


def test_there_are_figures() -> None:
    assert {"tuning", "clip"} <= set(FIGURES)


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_captioned(figure: str) -> None:
    assert len(written("figure.rst", figure=figure).strip()) > 40


def test_every_table_that_is_a_result_is_marked() -> None:
    """All CSV tables but intermediates."""
    outputs = [
        (block, path)
        for text in RULES.values()
        for block in re.findall(r"\n *output:\n(.*?)\n *log:", text, re.DOTALL)
        for path in re.findall(r'f"(\{OF_(?:DATASET|CUT|EXPERIMENT|PROTOCOL)\}/[^"]+\.csv)"', block)
    ]
    assert len(outputs) > 10
    unmarked = [
        path for block, path in outputs if not re.search(rf'report\(\s*f"{re.escape(path)}"', block)
    ]
    assert {path.removeprefix("{OF_").replace("}", "") for path in unmarked} <= INTERMEDIATE


def test_whatever_is_marked_has_a_caption_a_shelf_and_labels() -> None:
    marked = [
        block.split("\n        )")[0]
        for text in RULES.values()
        for block in re.split(r"\breport\(\n", text)[1:]
    ]
    assert len(marked) > 12
    for block in marked:
        for name in ("caption", "category", "subcategory", "labels"):
            assert f" {name}=" in block, block
