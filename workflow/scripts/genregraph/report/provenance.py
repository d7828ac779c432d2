"""What results were made with, from the records that lie beside them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genregraph.report.page.cost import belongs


def steps(records: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a step, in the order of the alphabet.

    Parameters
    ----------
    records : mapping of str to mapping
        As `plan.steps` writes them, by path ``.../made-with/PACKAGE.STEP.json``.

    Returns
    -------
    list of dict
        ``step``; ``records``: how many; ``code`` and ``seeds``: the different ones.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for path, record in sorted(records.items()):
        found.setdefault(".".join(Path(path).stem.split(".")[:2]), []).append(record)
    return [
        {
            "step": step,
            "records": len(own),
            "code": sorted({record["code"] for record in own}),
            "seeds": sorted({record["options"].get("seed") for record in own} - {None}),
        }
        for step, own in sorted(found.items())
    ]


def versions(records: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Locked versions of all libraries that the records name."""
    found = {
        name: text for record in records.values() for name, text in record["libraries"].items()
    }
    return dict(sorted(found.items()))


def read_records(folder: Path, experiments: list[str]) -> dict[str, dict[str, Any]]:
    """Records of a dataset, without those of experiments that are not named.

    Parameters
    ----------
    folder : Path
        ``results/<dataset>``.
    experiments : list of str
    """
    return {
        str(path): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("**/made-with/*.json"))
        if belongs(path.relative_to(folder), experiments)
    }
