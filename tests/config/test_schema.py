import json
from pathlib import Path

import jsonschema
import yaml

from genregraph.config.schema import main

CONFIG = Path(__file__).parents[2] / "config"
TEXT = (CONFIG / "config.schema.json").read_text(encoding="utf-8")
SCHEMA = json.loads(TEXT)


def test_the_schema_is_in_step_with_the_model(tmp_path) -> None:
    main(tmp_path / "schema.json")
    # Not `==` in the assert: pytest would print the whole schema instead of what to do.
    in_step = (tmp_path / "schema.json").read_text(encoding="utf-8") == TEXT
    assert in_step, "write it anew: python -m genregraph config.schema"


def test_by_the_schema_each_file_alone_is_valid_and_faults_are_seen_where_they_are() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for name in ("config.yaml", "experiments.yaml"):
        text = (CONFIG / name).read_text(encoding="utf-8")
        validator.validate(yaml.safe_load(text))
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
