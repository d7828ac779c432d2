"""What README and docs/data.md state of results stands in tables that are published with them."""

import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs/results"
PAPER = {"0.7203"}
DIFFERENCE = re.compile(r"(-?\d+\.\d) \((-?\d+\.\d) to (-?\d+\.\d)\)")


def published(name: str) -> pd.DataFrame:
    return pd.concat(pd.read_csv(path) for path in RESULTS.glob(f"*/{name}.csv"))


@pytest.mark.parametrize("document", ["README.md", "docs/data.md"])
def test_each_accuracy_and_difference_is_published(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    accuracies = {f"{mean:.4f}" for mean in published("summary")["mean"]}
    stated = set(re.findall(r"\b0\.\d{4}\b", text)) - PAPER
    assert len(stated) > 5 and stated - accuracies == set()
    ends = 100 * published("comparisons")[["difference", "ci_low", "ci_high"]]
    differences = {tuple(f"{end:.1f}" for end in row) for row in ends.to_numpy()}
    found = set(DIFFERENCE.findall(text))
    assert len(found) > 1 and found - differences == set()


def test_the_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 700
