"""What stands on the page beside the summary: of songs, rivals, variants, candidates and trust."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from report import charts
from results.ahead import TOLD_ARTISTS
from results.choices import by_candidate
from results.outputs import read_result

Facts = dict[str, Any]
Told = Callable[[pd.DataFrame], pd.DataFrame]
KINDS = ("pooled", "ahead", "variants", "choices", "calibration", "reliability")


def read_beside(paths: Sequence[Path]) -> dict[str, dict[str, pd.DataFrame]]:
    """Tables of experiments, each by what it is of.

    Parameters
    ----------
    paths : sequence of Path
        Each in its experiment's folder and named as in `KINDS`.

    Raises
    ------
    ValueError
        If a table is of no kind that the page shows.
    """
    found: dict[str, dict[str, pd.DataFrame]] = {}
    for path in paths:
        if path.stem not in KINDS:
            raise ValueError(f"{path}: the page shows no such table, only {', '.join(KINDS)}")
        found.setdefault(path.parent.name, {})[path.stem] = read_result(path)
    return found


def by_protocol(table: pd.DataFrame | None, told: Told = lambda rows: rows) -> list[Facts]:
    """Rows of a table by protocol, or what is told of them; none if there is no table."""
    if table is None:
        return []
    return [
        {"name": protocol, "rows": told(rows).to_dict("records")}
        for protocol, rows in table.groupby("protocol", sort=False)
    ]


def compared(
    tables: Mapping[str, pd.DataFrame], experiment: str, settings: Mapping[str, str]
) -> Facts:
    """What an experiment's tables compare, each by protocol.

    Parameters
    ----------
    tables : mapping of str to pd.DataFrame
        Its tables by kind.
    experiment : str
    settings : mapping of str to str
        In what a variant differs, by ``EXPERIMENT.VARIANT``.

    Returns
    -------
    dict
        ``pooled``, ``ahead`` and ``variants``, each as `by_protocol` has it; ``choices``: the same
        of `results.choices.by_candidate`; ``others``: what protocols clean is compared with, by
        column of ``pooled``, and ``heads`` of these columns.
    """
    found: Facts = {kind: by_protocol(tables.get(kind)) for kind in ("pooled", "ahead", "variants")}
    for protocol in found["variants"]:
        for row in protocol["rows"]:
            own = "no messages" if row["variant"] == "edgeless" else ""
            row["settings"] = settings.get(f"{experiment}.{row['variant']}", own)
    found["choices"] = by_protocol(tables.get("choices"), by_candidate)
    pooled = tables.get("pooled", pd.DataFrame())
    columns = [column for column in pooled if str(column).endswith("_vs_clean")]
    asked = [str(column) for column in columns if pooled[column].notna().any()]
    others = [column.removeprefix("p_").removesuffix("_vs_clean") for column in asked]
    found["others"] = dict(zip(asked, others, strict=True))
    found["heads"] = [f"p against {other}" for other in others]
    return found


def trust(
    tables: Mapping[str, pd.DataFrame], protocol: str, of_artists: bool = False
) -> Facts | None:
    """How far probabilities can be trusted under a protocol.

    Parameters
    ----------
    tables : mapping of str to pd.DataFrame
        An experiment's tables by kind, as `results.calibration` writes ``calibration`` and
        ``reliability``.
    protocol : str
    of_artists : bool
        Whether GraphSAGE's graph is of artists, so that it is told them.

    Returns
    -------
    dict or None
        ``rows``: scores of all models; ``least``: the lowest log loss of those that are not told
        artists; ``own``: GraphSAGE's row as it is; ``scaled``: whether there are fitted
        temperatures; ``lines``: GraphSAGE's reliability, as `charts.reliability` places it. None
        where there is nothing of it.
    """
    if not {"calibration", "reliability"} <= tables.keys():
        return None
    scores, curves = (
        table[table["protocol"] == protocol]
        for table in (tables["calibration"], tables["reliability"])
    )
    if scores.empty:
        return None
    rows = scores.to_dict("records")
    told = [TOLD_ARTISTS, *(["graphsage"] if of_artists else [])]
    untold = scores[~scores["model"].isin(told)]
    return {
        "rows": rows,
        "least": untold["log_loss"].min(),
        "own": next(r for r in rows if (r["model"], r["scaling"]) == ("graphsage", "none")),
        "scaled": bool((scores["scaling"] == "temperature").any()),
        "lines": charts.reliability(curves[curves["model"] == "graphsage"]),
    }
