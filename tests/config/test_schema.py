import json
from pathlib import Path

import jsonschema
import yaml

from genregraph.config.schema import main, schema

CONFIG = Path(__file__).parents[2] / "config"


def test_the_schema_is_in_step_with_the_model(tmp_path) -> None:
    main(tmp_path / "schema.json")
    shipped = (CONFIG / "config.schema.json").read_text(encoding="utf-8")
    # Not `==` in the assert: pytest would print the whole schema instead of what to do.
    in_step = (tmp_path / "schema.json").read_text(encoding="utf-8") == shipped
    assert in_step, "write it anew: python -m genregraph config.schema"


def test_by_the_schema_each_file_alone_is_valid_and_faults_are_seen_where_they_are() -> None:
    written = json.loads(schema())
    jsonschema.Draft202012Validator.check_schema(written)
    validator = jsonschema.Draft202012Validator(written)
    for name in ("config.yaml", "experiments.yaml"):
        text = (CONFIG / name).read_text(encoding="utf-8")
        validator.validate(yaml.safe_load(text))
        assert text.startswith("# yaml-language-server: $schema=config.schema.json\n")
    for key, value in (("metrik", "jaccard"), ("k", 0)):
        (fault,) = validator.iter_errors({"experiments": {"x": {"graph": {key: value}}}})
        assert [*fault.absolute_path][:3] == ["experiments", "x", "graph"]
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
