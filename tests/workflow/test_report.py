"""The page and Snakemake's own report, from the rules that make them."""

import json
import re
import zipfile
from pathlib import Path

import pandas as pd
import yaml
from tests.workflow.conftest import HOSTILE_NAME, Project

FIGURE = "results/mine/experiments/multiclass_compare/paper/figures/confusion.png"


def data_of(page: Path) -> dict[str, dict[str, object]]:
    found = re.search(r'id="map-data">(.*?)</script>', page.read_text(encoding="utf-8"))
    return json.loads(found[1])


def keep_one_experiment(project: Project) -> None:
    """The page is of all experiments, and this is the one that the project has computed."""
    path = project.folder / "config/experiments.yaml"
    stated = yaml.safe_load(path.read_text(encoding="utf-8"))
    kept = stated["experiments"]["multiclass_compare"]
    stated["experiments"] = {"multiclass_compare": kept}
    path.write_text(yaml.safe_dump(stated), encoding="utf-8")


def test_the_page_is_made_by_its_rule_and_all_is_in_snakemakes_report(project: Project) -> None:
    keep_one_experiment(project)
    project.snakemake("--cores", "2", "results/report.html", FIGURE)
    page = project.folder / "results/report.html"
    assert page.read_bytes() == (project.folder / "results/mine/report.html").read_bytes()
    data = data_of(page)
    clips = data["maps"]["multiclass_compare"]["clips"]
    assert HOSTILE_NAME in clips
    paths = {source["clip"]: source["path"] for source in data["sources"]}
    assert (page.parent / data["audio"][1] / paths[clips[0]]).is_file()
    text = page.read_text(encoding="utf-8")
    summary = pd.read_csv(project.folder / "results/mine/summary.csv")
    assert all(f"{mean:.4f}" in text for mean in summary["mean"])
    assert "learning.graphsage" in text
    assert project.planned(target="results/report.html") == {}

    project.snakemake("results/report.html", FIGURE, "--report", "own.zip")
    with zipfile.ZipFile(project.folder / "own.zip") as file:
        text = file.read("own/report.html").decode("utf-8")
    start = text.index("var results = ") + len("var results = ")
    records = json.JSONDecoder().raw_decode(text[start:])[0].values()
    named = {record["name"]: record for record in records}
    expected = "confusion.png summary.csv multiclass_compare.csv pooled.csv graph-health.csv"
    for name in [*expected.split(), "leaks.csv", "problems.csv", "report.html"]:
        assert named[name]["caption"].strip(), name
        assert named[name]["labels"], name
