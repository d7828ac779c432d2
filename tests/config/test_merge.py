import pytest

from genregraph.common.errors import UserError
from genregraph.config.load import merged, read_yaml


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
