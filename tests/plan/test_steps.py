"""Steps of runs of the shipped sheets, planned without Snakemake."""

import importlib
import inspect
from pathlib import Path

import pytest

from genregraph.plan.jobs import Job
from genregraph.plan.paths import Paths
from genregraph.plan.run import Run
from genregraph.plan.steps import Steps

HOME = Path(__file__).parents[2]
# Options that rules give from wildcards, inputs and outputs are no options of `Step`.
TABLES = {"features.{table}": "features.handcrafted"}


@pytest.fixture(scope="module", params=[{}, {"dataset": "gtzan"}, {"predict": "."}])
def run(request, tmp_path_factory: pytest.TempPathFactory) -> Run:
    given = dict(request.param)
    if "predict" in given:
        folder = tmp_path_factory.mktemp("new")
        (folder / "a.wav").touch()
        given["predict"] = str(folder)
    return Run.of(given, HOME)


def test_every_option_is_one_of_its_step(run: Run) -> None:
    for rule, step in Steps(run, Paths(run)).items():
        module = importlib.import_module(f"genregraph.{TABLES.get(step.name, step.name)}")
        known = set(inspect.signature(module.main).parameters)
        assert step.options.keys() <= known, rule


def test_a_record_is_planned_for_every_job(run: Run) -> None:
    steps = Steps(run, Paths(run))
    records = set(steps.records())
    dataset = run.config.dataset
    for name in run.runnable:
        for protocol in run.protocols(name):
            job = Job(dataset=dataset, experiment=name, protocol=protocol)
            for rule in ("folds", "inputs", "adjacency", "models"):
                assert steps[rule].made_with(job) in records
    cut = Job(dataset=dataset, cut="30s", table="handcrafted")
    assert steps["extract"].made_with(cut) in records
    for rule in ("evaluate", "usable", "predictor"):
        job = Job(dataset=dataset, experiment="multiclass_knn")
        assert steps[rule].made_with(job) in records


def test_a_setting_changes_the_records_of_what_depends_on_it() -> None:
    def records(**given) -> set[str]:
        run = Run.of(given, HOME)
        return {Path(path).name.rsplit(".", 2)[0] for path in changed(run)}

    def changed(run: Run) -> set[str]:
        return set(Steps(run, Paths(run)).records()) - before

    plain = Run.of({}, HOME)
    before = set(Steps(plain, Paths(plain)).records())
    whole = {"report.findings", "report.page.page", "report.crate"}  # They hold the configuration.
    assert records(cnn={"epochs": 3}) == {"models.cnn", *whole}
    assert records(features={"profile": "librosa"}) == {"features.handcrafted", *whole}
    k = {"multiclass_knn": {"graph": {"k": 7}}}
    of_k = {"graph.adjacency", "models.learning_curve", "predict.train"}
    assert records(experiments=k) == {*of_k, *whole}
