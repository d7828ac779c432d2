from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from genregraph.common.errors import UserError
from genregraph.config.experiment import Experiment
from genregraph.config.load import load
from genregraph.config.model import RESERVED, Config
from genregraph.datasets.fma import Subset

CONFIG = Path(__file__).parents[2] / "config"


def written(name: str) -> dict[str, Any]:
    return yaml.safe_load((CONFIG / name).read_text(encoding="utf-8"))


def faults(merged: dict[str, Any]) -> list[str]:
    with pytest.raises(UserError) as error:
        load(merged)
    first, *lines = str(error.value).splitlines()
    assert first == "the configuration has faults:"
    return [line.removeprefix("  - ") for line in lines]


def test_the_yaml_files_state_each_key_with_its_default() -> None:
    config, experiments = written("config.yaml"), written("experiments.yaml")
    assert set(experiments) == {"experiments", "tuning", "learning_curve"}
    defaults = Config().model_dump(mode="json")
    assert config | experiments | {"datasets": {}, "experiments": {}} == defaults


def test_the_first_experiment_shows_each_key() -> None:
    first = written("experiments.yaml")["experiments"]["multiclass_compare"]
    shown = Experiment.model_validate(first)
    for part in (shown, *(value for _, value in shown if isinstance(value, BaseModel))):
        assert part.model_fields_set == set(type(part).model_fields)


def test_what_is_shipped_loads_and_has_its_sheets() -> None:
    config = load(written("config.yaml") | written("experiments.yaml"))
    assert "multiclass_compare" in config.experiments
    assert config.facts() == config.datasets[config.dataset]
    sheets = {path.stem for path in (CONFIG / "datasets").glob("*.tsv")}
    made = {f"fma-{subset}" for subset in Subset}  # By `datasets.fma`, of FMA's metadata.
    assert set(config.datasets) == sheets | made


def at(path: str, value: Any) -> dict[str, Any]:
    """Configuration with one value, at a dotted path."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return value


A, X = "datasets.mine.archive", "experiments.multiclass_x"
ARCHIVE = {"urls": ["~/genres.zip"], "md5": "0" * 32, "filename": "genres.zip"}


@pytest.mark.parametrize(
    ("merged", "fault"),
    [
        ({"sede": 1}, "sede: unknown key; did you mean 'seed'?"),
        ({"audit": {"zz": 1}}, "audit.zz: unknown key; known keys: longest, shortest, silence"),
        (at(A, {**ARCHIVE, "urll": ""}), f"{A}.urll: unknown key; did you mean 'urls'?"),
        (at(f"{X}.graph.metrik", ""), f"{X}.graph.metrik: unknown key; did you mean 'metric'?"),
        (at("tables.mine", {"kep": []}), "tables.mine.kep: unknown key; did you mean 'keep'?"),
        (
            at(f"{X}.reduce", {"method": "tsne", "to": 4}),
            f"{X}.reduce: tsne takes at most 3 dimensions, not 4; use pca or to: 3",
        ),
        (at(f"{X}.tables", ["compare", "compare"]), f"{X}.tables: a table can be joined only once"),
        (at("tuning.experiment", "multiclass_x"), ": tuning: there is no experiment multiclass_x"),
        (at(A, {**ARCHIVE, "md5": None}), f"{A}: md5 or sha1 must say which archive it is"),
        (at("tables.mine", 5), "tables.mine: must be a file, or {file: FILE, pool: true, keep: ["),
        (at("tables.mine", {"pool": True}), "tables.mine: file or file_3s must name the table"),
        *(
            (at("dataset", name), f"dataset: must be a valid string (YAML takes it for {name!r}: ")
            for name in (202405, 1e5, True, date(2024, 5, 1))
        ),
        (at(A, {**ARCHIVE, "md5": "Z" * 32}), f"{A}.md5: "),
        (at(A, {**ARCHIVE, "sha1": "0" * 32}), f"{A}.sha1: "),
        (at(A, {**ARCHIVE, "filename": "genres.rar"}), f"{A}.filename: "),
        (at(A, {**ARCHIVE, "filename": "../genres.zip"}), f"{A}.filename: "),
        (at(A, {**ARCHIVE, "urls": "https://example.org/genres.zip"}), f"{A}.urls: "),
    ],
)
def test_a_fault_is_reported_with_its_place_and_what_would_be_right(merged, fault) -> None:
    (found,) = faults(merged)
    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("seed", -1),
        ("device", "gpu"),
        ("dataset", "../demo"),
        ("datasets.mine.shards", 5000),
        ("audit.longest", float("inf")),
        ("experiments", None),
        (f"{X}.tables", []),
        (f"{X}.tables.0", "../compare"),
        (f"{X}.models.0", "graphsage"),
        (f"{X}.graph.metric", "jacard"),
        (f"{X}.graphsage.epochs", 1.5),
        (f"{X}.paper_test_accuracy", 79.76),
        ("tables.mine", None),
        ("tuning.learning_rate.0", 0),
    ],
)
def test_an_impossible_value_is_shown_with_its_place(path, value) -> None:
    merged = at(path.removesuffix(".0"), [value] if path.endswith(".0") else value)
    (fault,) = faults(merged)
    assert fault.startswith(f"{path}: ")
    assert fault.endswith(f" (it is {value!r}); change it in config/ or by --config")


@pytest.mark.parametrize("name", [*RESERVED, "Summary", "a/b", "a b", "é", ""])
def test_a_name_that_is_no_file_name_or_that_of_another_result_is_rejected(name) -> None:
    (fault,) = faults({"experiments": {name: {}}})
    assert fault.startswith(f"experiments.{name}") or f"'{name}' is the name of another" in fault
    (fault,) = faults({"tables": {f"{name}/": "mine.csv"}})
    assert fault.startswith(f"tables.{name}/")


def test_all_faults_are_reported_at_once() -> None:
    found = faults({"sede": 1, "audit": {"silence": 2}, **at(f"{X}.cut", "1s")})
    assert {fault.split(":")[0] for fault in found} == {"audit.silence", f"{X}.cut", "sede"}


@pytest.mark.parametrize("null", [None, "null"])
def test_null_of_the_command_line_is_null(null) -> None:
    given = {"select": null, "graphsage": {"k": null}}
    made = load(at(X, given)).experiments["multiclass_x"]
    assert made.select is made.graphsage.k is None


def test_an_imported_table_is_a_file_or_more_and_an_archive_has_a_checksum() -> None:
    tables = load({"tables": {"one": "a b.csv", "two": {"file": "c.csv", "keep": ["y"]}}}).tables
    assert (tables["one"].file, tables["one"].keep) == ("a b.csv", [])
    assert (tables["two"].file, tables["two"].keep) == ("c.csv", ["y"])
    loaded = load(at(A, ARCHIVE | {"sha1": "0" * 40}))
    assert loaded.datasets["mine"].archive.checksum == "0" * 40
