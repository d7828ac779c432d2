"""Docstrings are numpydoc: how their numbered references are shown, for griffe."""

import sys
from pathlib import Path
from typing import Any

import griffe

sys.path.insert(0, str(Path(__file__).parent))

from reference import with_references


class References(griffe.Extension):
    """Have them shown as a list."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """Rewrite what an object says of itself."""
        if obj.docstring:
            obj.docstring.value = with_references(obj.docstring.value)
