"""Summarise all experiments: a row an experiment, protocol and model, beside the paper's number."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from results.statistics import (
    corrected_interval,
    corrected_paired_test,
    corrected_two_sample_test,
    holm,
)
from results.summary import NOT_MUSIC, graph_note

COLUMNS = (
    "experiment protocol model mean std ci_low ci_high n_folds train_mean song_mean "
    "paper_test_accuracy difference p_vs_edgeless p_paper_vs_clean p_mcnemar note"
).split()
KEYS = ["experiment", "protocol", "model"]
LEGEND = (
    "The interval and the tests allow for the overlap of training sets (Nadeau and Bengio 2003). "
    "songs: the segments of a song vote. p edgeless: is the model as good as the same network "
    "without neighbours, were other clips drawn? p paper: is clean as good as paper? Both are "
    "adjusted over all that an experiment asks so (Holm). p McNemar: were they equally often right "
    "on these very test clips (songs), trained as they were? Adjusted over the models of a "
    "protocol. A p below 0.05 says that a difference is hardly chance, not that it is large."
)


def summarise(
    results: pd.DataFrame,
    paper: Mapping[str, float],
    notes: Mapping[tuple[str, str], str],
    songs: pd.DataFrame | None = None,
    pooled: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Test accuracy of every model.

    Parameters
    ----------
    results : pd.DataFrame
        Result tables as `results.collect` makes them, one below the other.
    paper : mapping of str to float
        The paper's test accuracy of an experiment.
    notes : mapping of (str, str) to str
        What to know of an experiment and protocol.
    songs : pd.DataFrame, optional
        Scores by song as `results.votes` makes them.
    pooled : pd.DataFrame, optional
        Comparisons as `results.pooled` makes them.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`: mean, standard deviation over folds, 95 % interval corrected for the overlap of
        training sets (`results.statistics.corrected_interval`); ``train_mean`` is of training
        accuracies, ``song_mean`` of test accuracies where segments vote; ``difference`` is ours
        less the paper's. ``p_vs_edgeless`` is of the corrected paired test on the folds of the
        protocol, ``p_paper_vs_clean`` of the corrected test between the two protocols' folds; both
        are adjusted by Holm's method over all that an experiment asks so. What there is not is NaN.
    """
    rows = [
        _row(dict(zip(KEYS, map(str, key), strict=True)), folds, results, paper, notes)
        for key, folds in results.groupby(KEYS, sort=False)
    ]
    summary = pd.DataFrame(rows, columns=COLUMNS)
    for test in ("p_vs_edgeless", "p_paper_vs_clean"):
        for _, family in summary.groupby("experiment"):
            summary.loc[family.index, test] = holm(family[test])
    keys = pd.MultiIndex.from_frame(summary[KEYS])
    if songs is not None:
        means = songs.groupby(KEYS)["test_accuracy"].mean()
        summary["song_mean"] = means.reindex(keys).to_numpy()
    if pooled is not None:
        summary["p_mcnemar"] = pooled.set_index(KEYS)["p"].reindex(keys).to_numpy()
    return summary


def _row(
    key: dict[str, str],
    folds: pd.DataFrame,
    results: pd.DataFrame,
    paper: Mapping[str, float],
    notes: Mapping[tuple[str, str], str],
) -> dict[str, object]:
    interval = corrected_interval(folds["test_accuracy"], *_sizes(folds))
    stated = paper.get(key["experiment"], np.nan) if key["model"] == "graphsage" else np.nan
    return {
        **key,
        "mean": interval.mean,
        "std": interval.std,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "n_folds": len(folds),
        "train_mean": folds["train_accuracy"].mean(),
        "song_mean": np.nan,
        "paper_test_accuracy": stated,
        "difference": interval.mean - stated,
        "p_vs_edgeless": _p_vs_edgeless(folds, _of(results, {**key, "model": "edgeless"})),
        "p_paper_vs_clean": (
            _p_between(_of(results, {**key, "protocol": "paper"}), folds)
            if key["protocol"] == "clean"
            else np.nan
        ),
        "p_mcnemar": np.nan,
        "note": notes.get((key["experiment"], key["protocol"]), ""),
    }


def _of(results: pd.DataFrame, key: Mapping[str, str]) -> pd.DataFrame:
    """Folds of one experiment, protocol and model."""
    return results[(results[list(key)] == pd.Series(key)).all(axis=1)]


def _sizes(folds: pd.DataFrame) -> tuple[float, float]:
    return float(folds["n_train"].mean()), float(folds["n_test"].mean())


def _p_vs_edgeless(folds: pd.DataFrame, edgeless: pd.DataFrame) -> float:
    itself = folds["model"].iloc[0] == "edgeless"
    if itself or len(edgeless) != len(folds) or len(folds) < 2:
        return np.nan
    return corrected_paired_test(folds["test_accuracy"], edgeless["test_accuracy"], *_sizes(folds))


def _p_between(paper: pd.DataFrame, clean: pd.DataFrame) -> float:
    if min(len(paper), len(clean)) < 2:
        return np.nan
    n_train, n_test = zip(_sizes(paper), _sizes(clean), strict=True)
    return corrected_two_sample_test(
        paper["test_accuracy"], clean["test_accuracy"], n_train, n_test
    )


def table_text(summary: pd.DataFrame) -> str:
    """Format the summary for the terminal, with the notes below."""
    lines = [
        f"\n{'experiment':23}{'protocol':10}{'model':16}{'train':>7}{'test':>8}"
        f"{'95 % interval':>15}{'songs':>7}{'paper':>8}{'differ.':>9}"
        f"{'p edgeless':>12}{'p McNemar':>11}{'p paper':>9}"
    ]
    lines += [_line(row) for row in summary.to_dict("records")]
    notes = summary[summary["note"] != ""].drop_duplicates(["experiment", "protocol"])
    lines += [
        f"{row['experiment']}, {row['protocol']}: {row['note']}" for row in notes.to_dict("records")
    ]
    lines.append(LEGEND)
    return "\n".join(lines)


def _line(row: dict[Hashable, Any]) -> str:
    interval = "-" if np.isnan(row["ci_low"]) else f"{row['ci_low']:.3f}-{row['ci_high']:.3f}"
    return (
        f"{row['experiment']:23}{row['protocol']:10}{row['model']:16}"
        f"{_number(row['train_mean'], 7, '.3f')}{_number(row['mean'], 8, '.4f')}{interval:>15}"
        f"{_number(row['song_mean'], 7, '.3f')}{_number(row['paper_test_accuracy'], 8, '.4f')}"
        f"{_number(row['difference'], 9, '+.4f')}{_number(row['p_vs_edgeless'], 12, '.3f')}"
        f"{_number(row['p_mcnemar'], 11, '.3f')}{_number(row['p_paper_vs_clean'], 9, '.3f')}"
    )


def _number(value: float, width: int, form: str) -> str:
    return f"{'-' if np.isnan(value) else format(value, form):>{width}}"


def _read(paths: Sequence[Path]) -> pd.DataFrame:
    return pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)


def pairs(options: Sequence[str] | None) -> dict[str, str]:
    """``["a=1"]`` as ``{"a": "1"}``."""
    return dict(option.split("=", 1) for option in options or [])


def _notes(
    results: pd.DataFrame, folder: Path, stated: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    notes = {}
    for experiment, protocol in results[["experiment", "protocol"]].drop_duplicates().to_numpy():
        health = pd.read_csv(folder / experiment / protocol / "graph-health.csv")
        own = stated.get(experiment, "") if protocol == "paper" else ""
        parts = [own, graph_note(health)]
        notes[experiment, protocol] = " ".join(part for part in parts if part)
    return notes


def main(
    results: Annotated[list[Path], typer.Argument(help="Result tables (CSV).")],
    folder: Annotated[Path, typer.Option(help="Folder of the dataset's experiments.")],
    output: Annotated[Path, typer.Option(help="Summary, to be written (CSV).")],
    songs: Annotated[list[Path] | None, typer.Option(help="Scores by song (CSV).")] = None,
    pooled: Annotated[list[Path] | None, typer.Option(help="Pooled comparison (CSV).")] = None,
    paper: Annotated[
        list[str] | None, typer.Option(help="EXPERIMENT=the paper's accuracy.")
    ] = None,
    note: Annotated[
        list[str] | None, typer.Option(help="EXPERIMENT=note on protocol paper.")
    ] = None,
    left_out: Annotated[list[str] | None, typer.Option(help="WHAT=why it is left out.")] = None,
    synthesised: Annotated[bool, typer.Option(help="The clips are not real music.")] = False,
) -> None:
    """Summarise all experiments, and print the summary."""
    table = _read(results)
    stated = {name: float(value) for name, value in pairs(paper).items()}
    notes = _notes(table, folder, pairs(note))
    summary = summarise(
        table,
        stated,
        notes,
        songs=_read(songs) if songs else None,
        pooled=_read(pooled) if pooled else None,
    )
    summary.to_csv(output, index=False)
    print(table_text(summary))
    for what, reason in pairs(left_out).items():
        print(f"{what} is left out: {reason}")
    if synthesised:
        print(NOT_MUSIC)
    print(f"table: {output}")
