import ast
import os
from pathlib import Path

import pytest

from genregraph.common.code import SCRIPTS, digest, local_modules

STEP = '''"""A step."""

import numpy as np

from package.helper import scale


class Tool:
    """A tool."""

    limit = 3


def compute(values, factor=2):
    """Scale values."""
    # Twice as large.
    return scale(values, factor) + np.array(Tool.limit)
'''
MODULES = {
    "package/step.py": STEP,
    "package/helper.py": "from other.far import OFFSET\n\n\nscale = lambda x, y: x * y + OFFSET\n",
    "package/unrelated.py": "LIMIT = 1\n",
    "other/far.py": "OFFSET = 1\n",
}


@pytest.fixture
def scripts(tmp_path) -> Path:
    for name, text in MODULES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def is_another_after(scripts: Path, name: str, old: str, new: str) -> bool:
    """Whether the step has another digest after an edit."""
    before = digest("package.step", scripts)
    text = (scripts / name).read_text()
    assert text.count(old) == 1
    (scripts / name).write_text(text.replace(old, new))
    return digest("package.step", scripts) != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("package/step.py", "    # Twice as large.\n", ""),
        ("package/step.py", '"""A step."""', '"""A step, as it is."""'),
        ("package/step.py", '    """Scale values."""\n', ""),
        ("package/step.py", '"""A tool."""', '"""A tool.\n\n    And more.\n    """'),
        ("package/step.py", "(values, factor=2)", "(\n    values,\n    factor = 2,\n)"),
        ("package/unrelated.py", "1", "2"),
        ("other/far.py", "OFFSET = 1", "OFFSET = (1)  # in samples"),
    ],
)
def test_an_edit_without_meaning_changes_nothing(scripts, name, old, new) -> None:
    assert not is_another_after(scripts, name, old, new)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("package/step.py", "limit = 3", "limit = 4"),
        ("package/step.py", "factor=2", "factor=2.0"),
        ("package/step.py", ") + np", ") - np"),
        ("package/step.py", "import numpy as np", "import scipy as np"),
        ("package/helper.py", "x * y", "y * x"),
        ("other/far.py", "OFFSET = 1", "OFFSET = 2"),
        ("other/far.py", "OFFSET = 1", "OFFSET = '1'"),
    ],
)
def test_an_edit_with_meaning_changes_the_digest(scripts, name, old, new) -> None:
    assert is_another_after(scripts, name, old, new)


def test_times_places_and_new_modules_change_nothing(scripts, tmp_path_factory) -> None:
    before = digest("package.step", scripts)
    os.utime(scripts / "package/step.py", (0, 0))
    (scripts / "package/new.py").write_text("print('hello')\n")
    assert digest("package.step", scripts) == before
    moved = scripts.rename(tmp_path_factory.mktemp("another") / "place")
    assert digest("package.step", moved) == before


def test_a_module_that_a_helper_comes_to_import_counts(scripts) -> None:
    (scripts / "other/far.py").write_text("OFFSET = 1\nimport package.unrelated\n")
    assert is_another_after(scripts, "package/unrelated.py", "1", "2")


@pytest.mark.parametrize(
    "text",
    [
        "import os, other.far as far",
        "from other import far as distant",
        "from other.far import *",
        "def run():\n    from other.far import OFFSET",
        "try:\n    import other.far\nexcept ImportError:\n    pass",
    ],
)
def test_each_form_of_import_is_seen(scripts, text) -> None:
    (scripts / "package/step.py").write_text(f"{text}\n")
    (scripts / "other/far.py").write_text("import package.step\n")  # They may import each other.
    assert local_modules("package.step", scripts) == {"package.step", "other.far"}


def test_a_step_that_does_not_exist_is_an_error(scripts) -> None:
    with pytest.raises(FileNotFoundError):
        digest("package.stap", scripts)


def modules() -> dict[str, ast.Module]:
    files = (path for path in SCRIPTS.glob("*/*.py") if path.name != "__init__.py")
    return {f"{p.parent.name}.{p.stem}": ast.parse(p.read_text(encoding="utf-8")) for p in files}


def test_no_module_imports_in_ways_that_the_digest_cannot_see() -> None:
    for name, module in modules().items():
        nodes = list(ast.walk(module))
        assert not any(isinstance(node, ast.ImportFrom) and node.level for node in nodes), name
        called = {node.id for node in nodes if isinstance(node, ast.Name)}
        imported = {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
        assert not called & {"__import__", "exec", "eval"}, name
        assert "importlib" not in imported, name


@pytest.mark.parametrize(
    "path", sorted(SCRIPTS.glob("**/__init__.py")), ids=lambda p: p.parent.name
)
def test_packages_hold_no_code_for_the_digest_misses_it(path) -> None:
    (statement,) = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
