"""Each accuracy that the README states stands in a table that is published with it."""

import re
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "docs/results"


def published() -> set[str]:
    """All numbers of the published tables, as the README writes them, and their percentages."""
    found: set[str] = set()
    for path in PUBLISHED.rglob("*.csv"):
        table = pd.read_csv(path)
        for value in table.select_dtypes("number").to_numpy().ravel():
            found |= {f"{abs(value):.4f}", f"{100 * abs(value):.1f}", f"{abs(value):.3f}"}
    return found


def test_numbers_of_the_results_are_published() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    results = text[text.index("## What it found") : text.index("## What it does")]
    first = text[: text.index("## Two commands")]
    stated = re.findall(r"(?<![\d.])\d*\.\d+(?![\d.])", first + results)
    paper = {"0.63", "0.72", "0.9698", "0.7203", "0.7976"}
    assert len(stated) > 10
    assert {number for number in stated if number not in paper} - published() == set()


def test_the_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 700
