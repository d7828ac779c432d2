"""What results were made with, from the records in the folders of their files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genregraph.report.page.cost import belongs

Records = Mapping[str, Mapping[str, Any]]


def steps(records: Records) -> list[dict[str, Any]]:
    """One row a step, by name: how many ``records``, and the different ``code`` and ``seeds``.

    Records (`plan.step`) are by path ``.../made-with/STEP.DIGEST.json``.
    """
    of_steps: dict[str, list[Mapping[str, Any]]] = {}
    for path, record in sorted(records.items()):
        of_steps.setdefault(Path(path).stem.rpartition(".")[0], []).append(record)
    return [
        {
            "step": step,
            "records": len(own),
            "code": sorted({record["code"] for record in own}),
            "seeds": sorted({record["options"].get("seed") for record in own} - {None}),
        }
        for step, own in sorted(of_steps.items())
    ]


def versions(records: Records) -> dict[str, str]:
    """Locked version of each library that the records name."""
    pairs = (pair for record in records.values() for pair in record["libraries"].items())
    return dict(sorted(pairs))


def read_records(folder: Path, experiments: list[str]) -> dict[str, dict[str, Any]]:
    """Records in the folder of a dataset, of the named experiments or of none."""
    return {
        str(path): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("**/made-with/*.json"))
        if belongs(path.relative_to(folder), experiments)
    }
