import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from genregraph.config.schema import main, schema

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    written = json.loads((CONFIG / "config.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(written)
    return jsonschema.Draft202012Validator(written)


def test_the_schema_is_in_step_with_the_model(tmp_path) -> None:
    main(tmp_path / "schema.json")
    shipped = (CONFIG / "config.schema.json").read_text(encoding="utf-8")
    # Not `==` in the assert: pytest would print the whole schema instead of what to do.
    in_step = (tmp_path / "schema.json").read_text(encoding="utf-8") == shipped
    assert in_step, "write it anew: python -m genregraph config.schema"


@pytest.mark.parametrize("name", ["config.yaml", "experiments.yaml"])
def test_each_file_alone_is_valid_and_names_the_schema(validator, name) -> None:
    text = (CONFIG / name).read_text(encoding="utf-8")
    validator.validate(yaml.safe_load(text))
    assert text.startswith("# yaml-language-server: $schema=config.schema.json\n")


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ([], "sede", 1),
        (["datasets", "demo"], "shard", 1),
        (["experiments", "x", "graph"], "metrik", "jaccard"),
        (["experiments", "x", "graph"], "k", 0),
        (["features"], "profile", "kagle"),
    ],
)
def test_faults_are_seen_where_they_are(validator, place, key, value) -> None:
    stated: Any = {key: value}
    for name in reversed(place):
        stated = {name: stated}
    (fault,) = validator.iter_errors(stated)
    assert [*fault.absolute_path] in (place, [*place, key])
    assert key in fault.message or repr(value) in fault.message


def test_each_key_is_explained() -> None:
    written = json.loads(schema())
    models = {"Config": written, **written["$defs"]}
    described = {model for model, facts in models.items() if facts.get("description")}
    silent = [
        f"{model}.{name}"
        for model, facts in models.items()
        for name, field in facts["properties"].items()
        if not field.get("description") and field.get("$ref", "").split("/")[-1] not in described
    ]
    assert silent == []
