import pytest

from settings.extractors import extractors


def test_tables_are_told_by_the_modules_that_write_them():
    options = {"samples", "cut", "output"}
    assert extractors() == {
        "compare": options,
        "handcrafted": options | {"profile"},
        "musicnn": options | {"weights"},
        "musicnn_embedding": options | {"weights"},
    }


def test_a_file_more_is_a_table_more_and_is_not_imported(tmp_path):
    (tmp_path / "features").mkdir()
    for name, imported in [("loudness", "Output, write_shard"), ("drawing", "Output")]:
        text = f"import nothing_of_the_kind\nfrom features.table import {imported}\n"
        (tmp_path / f"features/{name}.py").write_text(text + "def main(samples, floor): ...\n")
    assert extractors(tmp_path) == {"loudness": {"samples", "floor"}}


def test_a_module_that_is_no_python_is_named(tmp_path):
    (tmp_path / "features").mkdir()
    path = tmp_path / "features/loudness.py"
    path.write_text("def main(\n")
    with pytest.raises(SyntaxError) as error:
        extractors(tmp_path)
    assert error.value.filename == str(path)
