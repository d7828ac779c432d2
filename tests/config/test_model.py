import filecmp
import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from genregraph.common.errors import UserError
from genregraph.config.experiment import Experiment
from genregraph.config.load import load, merged, read_yaml
from genregraph.config.model import RESERVED, Config
from genregraph.config.schema import main
from genregraph.datasets.fma import Subset

CONFIG = Path(__file__).parents[2] / "config"
SCHEMA = json.loads((CONFIG / "config.schema.json").read_text(encoding="utf-8"))


def written(name: str) -> dict[str, Any]:
    return yaml.safe_load((CONFIG / name).read_text(encoding="utf-8"))


def faults(stated: dict[str, Any]) -> list[str]:
    with pytest.raises(UserError) as error:
        load(stated)
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
    assert config.facts() == config.datasets[config.dataset]
    sheets = {path.stem for path in (CONFIG / "datasets").glob("*.tsv")}
    made = {f"fma-{subset}" for subset in Subset}  # By `datasets.fma`, of FMA's metadata.
    assert set(config.datasets) == sheets | made


def test_the_schema_is_in_step_with_the_model(tmp_path) -> None:
    main(tmp_path / "schema.json")
    in_step = filecmp.cmp(tmp_path / "schema.json", CONFIG / "config.schema.json", shallow=False)
    assert in_step, "write it anew: python -m genregraph config.schema"


def test_by_the_schema_each_file_alone_is_valid_and_faults_are_seen_where_they_are() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for name in ("config.yaml", "experiments.yaml"):
        validator.validate(written(name))
        text = (CONFIG / name).read_text(encoding="utf-8")
        assert text.startswith("# yaml-language-server: $schema=config.schema.json\n")
    for key, value in (("metrik", "jaccard"), ("k", 0)):
        (fault,) = validator.iter_errors({"experiments": {"x": {"graph": {key: value}}}})
        assert [*fault.absolute_path][:3] == ["experiments", "x", "graph"]
        assert key in fault.message or repr(value) in fault.message


def test_each_key_is_explained() -> None:
    models = {"Config": SCHEMA, **SCHEMA["$defs"]}
    for model, facts in models.items():
        for name, field in facts["properties"].items():
            of_its_own = models.get(field.get("$ref", "").split("/")[-1], {})
            assert field.get("description") or of_its_own.get("description"), f"{model}.{name}"


def at(path: str, value: Any) -> dict[str, Any]:
    """Configuration with one value, at a dotted path."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return value


A, X = "datasets.mine.archive", "experiments.multiclass_x"
VARIANTS, NEW_CLIP = f"{X}: variants", f"{X}: a clip that comes after training"
INDUCTIVE, FITTED = {"protocols": ["inductive"]}, {"calibrate": "temperature"}
ARCHIVE = {"urls": ["~/genres.zip"], "md5": "0" * 32, "filename": "genres.zip"}


@pytest.mark.parametrize(
    ("stated", "fault"),
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
        (at(f"{X}.variants.edgeless", {}), f"{VARIANTS}.edgeless: a model is called so already"),
        (at(f"{X}.variants.x_edgeless", {}), f"{VARIANTS}.x_edgeless: a model is called so"),
        (at(f"{X}.variants.x.wights", 1), f"{VARIANTS}.x.wights: Extra inputs are not permitted"),
        (at(f"{X}.variants.x.layers", 0), f"{VARIANTS}.x.layers: must be greater"),
        (at(f"{X}.variants.x.model", "gcn"), f"{VARIANTS}.x.model: name the network gcn"),
        (
            at(X, {**INDUCTIVE, "variants": {"x": {"adjacency_as_features": True}}}),
            f"{NEW_CLIP} has no column in the adjacency matrix: set adjacency_as_features: false, ",
        ),
        (at(X, {**INDUCTIVE, "reduce": {"method": "tsne"}}), f"{NEW_CLIP} cannot be placed by"),
        (at(X, {**INDUCTIVE, "graph": {"among": "artist"}}), f"{NEW_CLIP} has no neighbour of its"),
        (at(X, {**FITTED, "select": {}}), f"{X}: select fits the inputs to the genres"),
        (at(X, {**FITTED, "tables": ["cnn"]}), f"{X}: cnn fits the inputs to the genres"),
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
def test_a_fault_is_reported_with_its_place_and_what_would_be_right(stated, fault) -> None:
    (found,) = faults(stated)
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
    (fault,) = faults(at(path.removesuffix(".0"), [value] if path.endswith(".0") else value))
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


def test_what_is_nearer_the_call_counts_key_by_key(tmp_path):
    files = {
        "home/config/config.yaml": "dataset: demo\nseed: 0\ncnn: {epochs: 30, learning_rate: 6}",
        "home/config/experiments.yaml": "experiments: {multiclass_a: {cut: 30s}}",
        "here/config/config.yaml": "seed: 1\ncnn: {epochs: 5}\npredict: [a, b]",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    given = {"cnn": {"learning_rate": 2}, "experiments": {"multiclass_b": {}}, "predict": ["c"]}
    assert merged([tmp_path / name for name in ("home", "here", "without files")], given) == {
        "dataset": "demo",
        "predict": ["c"],
        "seed": 1,
        "cnn": {"epochs": 5, "learning_rate": 2},
        "experiments": {"multiclass_a": {"cut": "30s"}, "multiclass_b": {}},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "is not YAML"),
        ("- a", "keys and values"),
        ("", "keys and values"),
        ("a: {b: 1, b: 2}", "line 1 has key 'b', as line 1 does; remove one"),
        ("a: {b: 1}\nc: 1\na: {}", "line 3 has key 'a', as line 1 does; remove one"),
    ],
)
def test_faulty_file_is_named(tmp_path, text, said):
    (tmp_path / "experiments.yaml").write_text(text)
    with pytest.raises(UserError, match=f"experiments.yaml.*{said}"):
        read_yaml(tmp_path / "experiments.yaml")
