"""The page and Snakemake's own report, from the rules that make them."""

import json
import re
import zipfile
from typing import Any

import pandas as pd
import yaml
from tests.workflow.conftest import HOSTILE_NAME, Project

PLACE = "results/mine/experiments/multiclass_compare"
FIGURES = [f"{PLACE}/paper/figures/confusion.png", f"{PLACE}/figures/reliability.png"]


def embedded(report: str, name: str) -> dict[str, Any]:
    """What Snakemake's own report holds by a name."""
    start = report.index(f'var {name} = {{"') + len(f"var {name} = ")
    return json.JSONDecoder().raw_decode(report[start:])[0]


def test_the_page_is_made_by_its_rule_and_all_is_in_snakemakes_report(project: Project) -> None:
    # The page is of all experiments, and one is what the project has computed.
    path = project.folder / "config/experiments.yaml"
    stated = yaml.safe_load(path.read_text(encoding="utf-8"))
    stated["experiments"] = {"multiclass_compare": stated["experiments"]["multiclass_compare"]}
    path.write_text(yaml.safe_dump(stated), encoding="utf-8")
    project.snakemake("--cores", "2", "results/report.html", *FIGURES)
    page = project.folder / "results/report.html"
    assert page.read_bytes() == (project.folder / "results/mine/report.html").read_bytes()
    text = page.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="map-data">(.*?)</script>', text)[1])
    clips = data["maps"]["multiclass_compare"]["clips"]
    assert HOSTILE_NAME in clips
    paths = {source["clip"]: source["path"] for source in data["sources"]}
    assert (page.parent / data["audio"][1] / paths[clips[0]]).is_file()
    summary = pd.read_csv(project.folder / "results/mine/summary.csv")
    assert all(f"{mean:.4f}" in text for mean in summary["mean"])
    assert project.planned(target="results/report.html") == {}

    project.snakemake("--report", "own.zip", "results/report.html", *FIGURES)
    with zipfile.ZipFile(project.folder / "own.zip") as file:
        text = file.read("own/report.html").decode("utf-8")
    records = embedded(text, "results")
    expected = (
        "confusion.png reliability.png summary.csv multiclass_compare.csv comparisons.csv "
        "calibration.csv reliability.csv graph-health.csv leaks.csv problems.csv report.html"
    )
    assert {record["name"] for record in records.values()} >= set(expected.split())
    for name, record in records.items():
        assert len(record["caption"].strip()) > 40, name
        assert record["labels"].keys() & {"table", "figure"}, name
    shelves = embedded(text, "categories")
    parts = {"mine": {"Tables"}, "multiclass_compare": {"Figures", "Tables"}}
    assert {name: shelf.keys() for name, shelf in shelves.items()} == parts
    assert sum(len(names) for shelf in shelves.values() for names in shelf.values()) == len(records)
    assert set(FIGURES) < set(shelves["multiclass_compare"]["Figures"])
