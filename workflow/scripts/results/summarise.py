"""Summarise all experiments: a row an experiment, protocol and model, beside the paper's number."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from results.outputs import left_out_of, read_tables
from results.paired import over_twins
from results.pooled import KEYS, TESTS
from results.statistics import corrected_interval, holm, p_text
from results.summary import NOT_MUSIC, left_out_lines, note_of
from settings.whole import final

OF_TESTS = ["p_vs_edgeless", *TESTS]
COLUMNS = [
    *KEYS,
    *"mean std ci_low ci_high interval n_folds train_mean song_mean".split(),
    *"paper_test_accuracy difference against gain gain_low gain_high".split(),
    *(column for test in OF_TESTS for column in (test, f"{test}_tests")),
    "note",
]
BY_FOLDS, BY_GROUPS = "folds, Nadeau-Bengio", "groups, bootstrap"
LEGEND = (
    "The interval allows for the overlap of training sets (Nadeau and Bengio 2003); marked *, of a "
    "single fold, for clips of a group being alike (bootstrap). songs: the segments of a song "
    "vote. gain: against a network without messages: of graph_network its own twin, "
    "graph_network_edgeless, of all others edgeless, the twin of graphsage. p folds: "
    "is there a gain, were the model trained on other clips? p groups: is there a gain on other "
    "artists' songs, trained as it was (signs flipped by group)? p paper, p random: is clean as "
    "good, on the songs of both (by group)? All p of one column within an experiment, over its "
    "protocols and models, are adjusted together (Holm). Below 0.05, a difference is hardly "
    "chance; it may be small."
)
HEADERS = {
    "p_vs_edgeless": "p folds",
    "p_by_group": "p groups",
    "p_paper_vs_clean": "p paper",
    "p_random_vs_clean": "p random",
}


def summarise(
    results: pd.DataFrame,
    pooled: pd.DataFrame,
    paper: Mapping[str, float],
    notes: Mapping[tuple[str, str], str],
) -> pd.DataFrame:
    """Test accuracy of every model.

    Parameters
    ----------
    results : pd.DataFrame
        Result tables as `results.collect` makes them, one below the other.
    pooled : pd.DataFrame
        Comparisons of the same models as `results.pooled` makes them.
    paper : mapping of str to float
        The paper's test accuracy of an experiment.
    notes : mapping of (str, str) to str
        What to know of an experiment and protocol.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`: mean, standard deviation and 95 % interval over folds; ``interval`` says of which
        kind it is: `BY_FOLDS`, corrected for the overlap of training sets, or, of a single fold
        whose clips are songs, `BY_GROUPS`, as ``pooled`` has it. ``train_mean`` is of training
        accuracies; ``song_mean`` is the accuracy by song where clips are segments. ``difference``
        is ours less the paper's. ``gain`` is the mean less that of the twin without messages on
        the same folds, which ``against`` names (`results.paired.twin_of`), with its interval of the
        same kind; ``p_vs_edgeless`` is of the corrected paired test over folds,
        the other p are those of ``pooled``. Each p is adjusted (Holm) for all that the experiment
        asks so, over protocols and models; how many these are stands in the column with ``_tests``.
        What there is not is NaN, or, of ``interval``, ``against`` and ``note``, empty.
    """
    protocols = results.groupby(KEYS[:3], sort=False)
    rows = [row for key, folds in protocols for row in _rows(key, folds, paper, notes)]
    summary = pd.DataFrame(rows, columns=COLUMNS)
    if summary.empty:
        return summary
    keys = pd.MultiIndex.from_frame(summary[KEYS])
    own = pooled.set_index(KEYS).loc[keys].reset_index()
    tested = results.groupby(KEYS)["n_test"].sum().loc[keys].reset_index(drop=True)
    segments = tested > own["repeats"] * own["songs"]
    summary["song_mean"] = own["accuracy"].where(segments)
    single = (summary["n_folds"] == 1) & ~segments
    ends = ["ci_low", "ci_high", "gain_low", "gain_high"]
    summary.loc[single, ends] = own.loc[single, ends]
    summary["interval"] = np.select(
        [summary["ci_low"].isna(), summary["n_folds"] == 1], ["", BY_GROUPS], BY_FOLDS
    )
    for test in TESTS:
        summary[[test, f"{test}_tests"]] = own[[test, f"{test}_tests"]]
    for _, family in summary.groupby(KEYS[:2])["p_vs_edgeless"]:
        summary.loc[family.index, "p_vs_edgeless_tests"] = family.count()
        summary.loc[family.index, "p_vs_edgeless"] = holm(family)
    return summary.astype({f"{test}_tests": int for test in OF_TESTS})


def _rows(
    key: tuple[Hashable, ...],
    folds: pd.DataFrame,
    paper: Mapping[str, float],
    notes: Mapping[tuple[str, str], str],
) -> list[dict[str, Any]]:
    dataset, experiment, protocol = map(str, key)
    gains = over_twins(folds)
    rows = []
    for model, own in folds.groupby("model", sort=False):
        sizes = float(own["n_train"].mean()), float(own["n_test"].mean())
        interval = corrected_interval(own["test_accuracy"], *sizes)
        stated = paper.get(experiment, np.nan) if model == "graphsage" else np.nan
        against, gain, low, high, p = gains.loc[model]
        rows.append(
            {
                "dataset": dataset,
                "experiment": experiment,
                "protocol": protocol,
                "model": model,
                "mean": interval.mean,
                "std": interval.std,
                "ci_low": interval.low,
                "ci_high": interval.high,
                "n_folds": len(own),
                "train_mean": own["train_accuracy"].mean(),
                "paper_test_accuracy": stated,
                "difference": interval.mean - stated,
                "against": against,
                "gain": gain,
                "gain_low": low,
                "gain_high": high,
                "p_vs_edgeless": p,
                "note": notes.get((experiment, protocol), ""),
            }
        )
    return rows


def untested(summary: pd.DataFrame, test: str) -> int:
    """How many models, edgeless not counted, have no p against it.

    Those of single folds, and those that differ by the same in all folds.
    """
    return int(summary.loc[summary["model"] != "edgeless", test].isna().sum())


def table_text(summary: pd.DataFrame) -> str:
    """Format the summary for the terminal, with the notes below."""
    lines = [
        f"\n{'experiment':23}{'protocol':10}{'model':24}{'train':>7}{'test':>8}"
        f"{'95 % interval':>15}{'songs':>7}{'paper':>8}{'differ.':>9}{'gain':>9}"
        + "".join(f"{header:>10}" for header in HEADERS.values())
    ]
    lines += [_line(row) for row in summary.to_dict("records")]
    lines += [_tests(str(name), rows) for name, rows in summary.groupby("experiment", sort=False)]
    noted = summary[summary["note"] != ""].groupby(["experiment", "note"], sort=False)["protocol"]
    lines += [f"{name}, {', '.join(of.unique())}: {note}" for (name, note), of in noted]
    return "\n".join([*lines, LEGEND])


def _line(row: dict[Hashable, Any]) -> str:
    mark = "*" if row["interval"] == BY_GROUPS else ""
    interval = f"{row['ci_low']:.3f}-{row['ci_high']:.3f}{mark}" if row["interval"] else "-"
    return (
        f"{row['experiment']:23}{row['protocol']:10}{row['model']:24}"
        f"{_number(row['train_mean'], 7, '.3f')}{_number(row['mean'], 8, '.4f')}{interval:>15}"
        f"{_number(row['song_mean'], 7, '.3f')}{_number(row['paper_test_accuracy'], 8, '.4f')}"
        f"{_number(row['difference'], 9, '+.4f')}{_number(row['gain'], 9, '+.4f')}"
        + "".join(f"{p_text(row[test]):>10}" for test in HEADERS)
    )


def _tests(name: str, rows: pd.DataFrame) -> str:
    parts = [
        f"{header} over {rows[f'{test}_tests'].iloc[0]}"
        for test, header in HEADERS.items()
        if rows[f"{test}_tests"].iloc[0]
    ]
    missing = untested(rows, "p_vs_edgeless")
    told = (
        f"; {missing} could not be tested over folds: there is but one, or all differ by the same"
    )
    return f"{name}: tests that p are adjusted for: {', '.join(parts) or 'none'}" + (
        told if missing else ""
    )


def _number(value: float, width: int, form: str) -> str:
    return f"{'-' if np.isnan(value) else format(value, form):>{width}}"


def pairs(options: Sequence[str] | None) -> dict[str, str]:
    """``["a=1"]`` as ``{"a": "1"}``."""
    return dict(option.split("=", 1) for option in options or [])


def _notes(
    results: pd.DataFrame, folder: Path, stated: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    notes = {}
    for experiment, protocol in results[["experiment", "protocol"]].drop_duplicates().to_numpy():
        own = stated.get(experiment, "") if protocol == "paper" else ""
        parts = [own, note_of(folder / experiment / protocol)]
        notes[experiment, protocol] = " ".join(part for part in parts if part)
    return notes


def main(
    results: Annotated[list[Path], typer.Argument(help="Tables, named by experiment (CSV).")],
    folder: Annotated[Path, typer.Option(help="Folder of the dataset's experiments.")],
    pooled: Annotated[list[Path], typer.Option(help="Pooled comparison (CSV).")],
    output: Annotated[Path, typer.Option(help="Summary, to be written (CSV).")],
    text: Annotated[Path, typer.Option(help="What it says, to be written.")],
    paper: Annotated[
        list[str] | None, typer.Option(help="EXPERIMENT=the paper's accuracy.")
    ] = None,
    note: Annotated[
        list[str] | None, typer.Option(help="EXPERIMENT=note on protocol paper.")
    ] = None,
    synthesised: Annotated[bool, typer.Option(help="The clips are not real music.")] = False,
) -> None:
    """Summarise all experiments, and say what the summary says."""
    table = read_tables(results)
    stated = {name: float(value) for name, value in pairs(paper).items()}
    summary = summarise(table, read_tables(pooled), stated, _notes(table, folder, pairs(note)))
    summary.to_csv(output, index=False)
    left_out = {path.stem: left_out_of(folder / path.stem / "protocols.json") for path in results}
    lines = [
        table_text(summary),
        *left_out_lines(left_out),
        *([NOT_MUSIC] if synthesised else []),
        f"table: {final(output)}",
    ]
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
