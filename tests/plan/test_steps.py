"""Steps of runs of the shipped sheets, planned without Snakemake."""

import importlib
import inspect
import os
from pathlib import Path
from typing import Any

import pytest

from genregraph.datasets.sheet import Row, write_sheet
from genregraph.plan.paths import Paths
from genregraph.plan.run import Run
from genregraph.plan.step import Job
from genregraph.plan.steps import Steps

HOME = Path(__file__).parents[2]
README = HOME / "README.md"  # As music that is new.
# Options that rules give from wildcards, inputs and outputs are no options of `Step`.
TABLES = {"features.{table}": "features.handcrafted"}


@pytest.fixture(scope="module", params=[{}, {"dataset": "gtzan"}, {"predict": str(README)}])
def run(request) -> Run:
    return Run.of(request.param, HOME)


def test_every_option_is_one_of_its_step(run: Run) -> None:
    for rule, step in Steps(run, Paths(run)).items():
        if rule == "show":  # Which has no code of ours.
            continue
        module = importlib.import_module(f"genregraph.{TABLES.get(step.name, step.name)}")
        known = set(inspect.signature(module.main).parameters)
        assert step.options.keys() <= known, rule


def test_a_record_is_planned_for_every_job(run: Run) -> None:
    steps, dataset = Steps(run, Paths(run)), run.config.dataset
    records = set(steps.records())
    for name in run.runnable:
        for protocol in run.protocols[name]:
            job = Job(dataset=dataset, experiment=name, protocol=protocol)
            rules = "folds inputs adjacency models evaluate usable predictor".split()
            assert {steps[rule].made_with(job) for rule in rules} <= records
    cut = Job(dataset=dataset, cut="30s", table="handcrafted")
    assert steps["extract"].made_with(cut) in records


def records_of(given: dict[str, Any]) -> set[str]:
    run = Run.of(given, HOME)
    return set(Steps(run, Paths(run)).records())


def test_a_setting_changes_the_records_of_what_depends_on_it() -> None:
    before = records_of({})

    def records(**given) -> set[str]:
        return {Path(path).name.rsplit(".", 2)[0] for path in records_of(given) - before}

    whole = {"report.findings", "report.page.page", "report.crate"}  # They hold the configuration.
    assert records(cnn={"epochs": 3}) == {"models.cnn", *whole}
    assert records(features={"profile": "librosa"}) == {"features.handcrafted", *whole}
    k = {"multiclass_knn": {"graph": {"k": 7}}}
    of_k = {"graph.adjacency", "models.learning_curve", "predict.train"}
    assert records(experiments=k) == {*of_k, *whole}


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Configuration of a dataset that was unpacked, an imported table, new music and artists."""
    monkeypatch.chdir(tmp_path)
    rows = [Row(f"{g}.{i}", f"{g}/{i}.wav", g) for g in ("blues", "jazz") for i in range(4)]
    files = [f"resources/small/{row.path}" for row in rows]
    for file in [*files, "new/a.wav", "artists.csv"]:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).touch()
        os.utime(file, (10**9, 10**9))
    Path("resources/small/.unpacked.tsv").touch()
    write_sheet(rows, Path("small.tsv"))
    Path("mine.csv").write_text("clip,a\n" + "".join(f"{row.clip},1\n" for row in rows))
    archive = {"urls": ["gone.zip"], "md5": "0" * 32, "filename": "gone.zip"}
    return {
        "dataset": "small",
        "sheet": "small.tsv",
        "datasets": {"small": {"archive": archive, "shards": 2}},
        "tables": {"mine": "mine.csv"},
        "experiments": {"multiclass_mine": {"tables": ["handcrafted", "mine"]}},
        "predict": "new",
        "predict_artists": "artists.csv",
    }


@pytest.mark.parametrize(
    ("file", "steps"),
    [
        ("resources/small/jazz/1.wav", {"audio.audit"}),
        ("mine.csv", {"features.imported", "report.crate"}),
        ("new/a.wav", {"predict.pieces"}),
        ("artists.csv", {"predict.answer"}),
    ],
)
def test_a_file_that_a_user_replaces_changes_the_records_of_its_steps(fetched, file, steps) -> None:
    before = records_of(fetched)
    assert records_of(fetched) == before
    Path(file).write_bytes(Path(file).read_bytes() + b" ")
    changed = records_of(fetched) - before
    assert {Path(path).name.rsplit(".", 2)[0] for path in changed} == steps


def test_a_clip_more_in_the_sheet_is_unpacked(fetched) -> None:
    before = records_of(fetched)
    with Path("small.tsv").open("a") as sheet:
        sheet.write("jazz.9\tjazz/jazz.9.wav\tjazz\n")
    assert any("datasets.unpack" in path for path in records_of(fetched) - before)
