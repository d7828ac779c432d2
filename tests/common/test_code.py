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


@pytest.mark.parametrize(
    ("name", "old", "new", "changes"),
    [
        ("package/step.py", '"""A step."""', '"""A step, as it is."""', False),
        ("package/step.py", '    """Scale values."""\n', "", False),
        ("package/step.py", '"""A tool."""', '"""A tool.\n\n    And more.\n    """', False),
        ("package/step.py", "(values, factor=2)", "(\n    values,\n    factor = 2,\n)", False),
        ("package/unrelated.py", "1", "2", False),
        ("other/far.py", "OFFSET = 1", "OFFSET = (1)  # in samples", False),
        ("package/step.py", "factor=2", "factor=2.0", True),
        ("package/step.py", "import numpy as np", "import scipy as np", True),
        ("package/helper.py", "x * y", "y * x", True),
        ("other/far.py", "OFFSET = 1", "OFFSET = '1'", True),
    ],
)
def test_an_edit_counts_if_it_has_a_meaning(scripts, name, old, new, changes) -> None:
    before = digest("package.step", scripts)
    assert MODULES[name].count(old) == 1
    (scripts / name).write_text(MODULES[name].replace(old, new))
    assert (digest("package.step", scripts) != before) == changes


def test_times_places_and_new_modules_change_nothing(scripts, tmp_path_factory) -> None:
    before = digest("package.step", scripts)
    os.utime(scripts / "package/step.py", (0, 0))
    (scripts / "package/new.py").write_text("print('hello')\n")
    moved = scripts.rename(tmp_path_factory.mktemp("another") / "place")
    assert digest("package.step", moved) == before


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


def test_no_module_imports_or_runs_code_in_ways_that_the_digest_cannot_see() -> None:
    for path in SCRIPTS.glob("**/*.py"):
        module = ast.parse(path.read_text(encoding="utf-8"))
        nodes = list(ast.walk(module))
        assert not any(isinstance(node, ast.ImportFrom) and node.level for node in nodes), path
        called = {node.id for node in nodes if isinstance(node, ast.Name)}
        imported = {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
        assert not called & {"__import__", "exec", "eval"}, path
        assert "importlib" not in imported, path
        if path.name == "__init__.py":
            assert ast.get_docstring(module) and len(module.body) == 1, path
