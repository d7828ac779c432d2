from pathlib import Path

import pytest

from genregraph.common.errors import UserError
from genregraph.config.load import merged


def configured(folder: Path, **files: str) -> Path:
    (folder / "config").mkdir(parents=True)
    for name, text in files.items():
        (folder / "config" / f"{name}.yaml").write_text(text)
    return folder


def test_what_is_nearer_the_call_counts_key_by_key(tmp_path):
    home = configured(
        tmp_path / "home",
        config="dataset: demo\nseed: 0\ncnn: {epochs: 30, patience: 6}",
        experiments="experiments: {multiclass_a: {cut: 30s}}",
    )
    here = configured(tmp_path / "here", config="seed: 1\ncnn: {epochs: 5}\npredict: [a, b]")
    given = {"cnn": {"patience": 2}, "experiments": {"multiclass_b": {}}, "predict": ["c"]}
    assert merged([home, here, tmp_path / "without files"], given) == {
        "dataset": "demo",
        "predict": ["c"],
        "seed": 1,
        "cnn": {"epochs": 5, "patience": 2},
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
    configured(tmp_path, experiments=text)
    with pytest.raises(UserError, match=f"experiments.yaml.*{said}"):
        merged([tmp_path], {})
