"""Compare models, and protocols, by their verdicts on songs, with groups of songs as units.

References
----------
.. [1] A. Winkler, G. Ridgway, M. Webster, S. Smith, T. Nichols, "Permutation inference for the
   general linear model", NeuroImage 92, 2014.
.. [2] C. Field, A. Welsh, "Bootstrapping clustered data", Journal of the Royal Statistical Society
   B 69, 2007.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from folds.groups import tie
from results.paired import twin_of
from results.statistics import adjusted, bootstrap_intervals, sign_flip_test
from results.votes import Verdicts, judge

KEYS = ["dataset", "experiment", "protocol", "model"]
OTHERS = ("paper", "random")  # What protocol clean is compared with.
TESTS = ["p_by_group", *(f"p_{other}_vs_clean" for other in OTHERS)]
COLUMNS = [
    *KEYS,
    *"repeats songs groups accuracy ci_low ci_high against gain gain_low gain_high".split(),
    *"both only_model only_edgeless neither".split(),
    *(column for test in TESTS for column in (test, f"{test}_tests")),
]


def compare(verdicts: Verdicts, reference: str) -> pd.DataFrame:
    """Accuracy by song of each model of a protocol, and whether it differs from another's.

    Parameters
    ----------
    verdicts : Verdicts
        As `results.votes.judge` makes them.
    reference : str
        The model that the others are compared with.

    Returns
    -------
    pd.DataFrame
        A row a model: ``repeats``, ``songs`` of a repeat and their ``groups``; ``accuracy`` over
        songs and repeats; ``gain``: accuracy less that of ``reference``; ``ci_low ci_high gain_low
        gain_high``: their 95 % intervals, whole groups being drawn [2]_; on how many songs, over
        all repeats, ``both`` were right, ``only_model``, ``only_reference`` or ``neither``;
        ``p_by_group``: two-sided, by itself, of `results.statistics.sign_flip_test` on how many
        more of its verdicts are right in each group [1]_. Gain and p are NaN for ``reference``.
    """
    right = verdicts.right
    other = right[reference]
    per_group = right.groupby(verdicts.group.loc[right.index.get_level_values("song")].to_numpy())
    sums, counts = per_group.sum(), per_group.size()
    ahead = sums.sub(sums[reference], axis=0)
    low, high = bootstrap_intervals(np.hstack([sums, ahead]), counts)
    m = len(right.columns)
    table = pd.DataFrame(
        {
            "repeats": len(right.index.unique("repeat")),
            "songs": len(right.index.unique("song")),
            "groups": len(counts),
            "accuracy": right.mean(),
            "ci_low": low[:m],
            "ci_high": high[:m],
            "gain": ahead.sum() / len(right),
            "gain_low": low[m:],
            "gain_high": high[m:],
            "both": right.mul(other, axis=0).sum(),
            "only_model": right.mul(~other, axis=0).sum(),
            "only_reference": (~right).mul(other, axis=0).sum(),
            "neither": (~right).mul(~other, axis=0).sum(),
            "p_by_group": ahead.apply(sign_flip_test),
        }
    )
    table.loc[reference, ["gain", "gain_low", "gain_high", "p_by_group"]] = np.nan
    return table


def compare_with_twins(verdicts: Verdicts) -> pd.DataFrame:
    """Compare each model with its own twin, as `results.paired.twin_of` names it.

    Parameters
    ----------
    verdicts : Verdicts
        As `results.votes.judge` makes them, ``edgeless`` among the models.

    Returns
    -------
    pd.DataFrame
        As `compare` makes it, and ``against``: the twin; empty for edgeless itself.
    """
    models = verdicts.right.columns
    twins = {model: twin_of(model, models) for model in models}
    references = {model: twin or model for model, twin in twins.items()}
    tables = {reference: compare(verdicts, reference) for reference in set(references.values())}
    joined = pd.concat([tables[reference].loc[[m]] for m, reference in references.items()])
    return joined.assign(against=[*twins.values()])


def between(first: Verdicts, second: Verdicts) -> pd.Series:
    """Whether each model is as often right under one protocol as under another.

    Parameters
    ----------
    first, second : Verdicts
        As `results.votes.judge` makes them, of two protocols of an experiment.

    Returns
    -------
    pd.Series of float
        By model, two-sided p, by itself, of `results.statistics.sign_flip_test` [1]_: the units are
        groups, and songs that are tied under either protocol are of one; songs that both judged
        count, each by the share of repeats in which it was judged rightly. The test is exact where
        both protocols have as many repeats, else nearly so. NaN if there are no such songs.
    """
    songs = first.group.index.intersection(second.group.index)
    shares = [each.right.groupby("song").mean().loc[songs] for each in (first, second)]
    # In this unit shares are whole numbers: a repeat judges each song once.
    unit = math.lcm(*(len(each.right.index.unique("repeat")) for each in (first, second)))
    differences = ((shares[0] - shares[1]) * unit).round()
    if differences.empty:
        return pd.Series(np.nan, index=differences.columns)
    groups = [each.group[songs].tolist() for each in (first, second)]
    tied = tie(groups, np.empty((0, 2), dtype=np.int64))
    return differences.groupby(tied).sum().apply(sign_flip_test)


def pool(verdicts: Mapping[str, Verdicts], dataset: str, experiment: str) -> pd.DataFrame:
    """What the verdicts of an experiment say.

    Parameters
    ----------
    verdicts : mapping of str to Verdicts
        By protocol.
    dataset, experiment : str
        What they are of.

    Returns
    -------
    pd.DataFrame
        `COLUMNS`, a row a protocol and model: as `compare_with_twins` has it (``only_edgeless``:
        songs on which only the twin was right), and, of protocol clean, ``p_paper_vs_clean`` and
        ``p_random_vs_clean`` as `between` has them. Each p is adjusted
        (Holm) for all that the experiment asks so, over protocols and models: how many these were
        stands in the column with ``_tests``. NaN where there was no test.
    """
    tables = []
    for protocol, own in verdicts.items():
        table = compare_with_twins(own).assign(protocol=protocol)
        for other in OTHERS:
            asked = protocol == "clean" and other in verdicts
            table[f"p_{other}_vs_clean"] = between(verdicts[other], own) if asked else np.nan
        named = table.rename_axis("model").rename(columns={"only_reference": "only_edgeless"})
        tables.append(named.reset_index().assign(dataset=dataset, experiment=experiment))
    return adjusted(tables, TESTS, COLUMNS)


def songs_of(clips: Path) -> dict[str, str]:
    """Song of each clip.

    Parameters
    ----------
    clips : Path
        As `audio.clips` lists them (Parquet).
    """
    listed = pd.read_parquet(clips, columns=["clip", "source"])
    return dict(zip(listed["clip"], listed["source"], strict=True))


def main(
    clips: Annotated[Path, typer.Option(help="Clips, which know their song (Parquet).")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    experiment: Annotated[str, typer.Option(help="Name of the experiment.")],
    output: Annotated[Path, typer.Option(help="Comparison, to be written (CSV).")],
    folders: Annotated[list[Path] | None, typer.Argument(help="Folder of each protocol.")] = None,
    compared: Annotated[list[str] | None, typer.Option(help="Tables beside GraphSAGE's.")] = None,
) -> None:
    """Compare models with their twins, and protocols with clean, by groups of songs."""
    source = songs_of(clips)
    verdicts = {folder.name: judge(folder, source, compared or []) for folder in folders or []}
    pool(verdicts, dataset, experiment).to_csv(output, index=False)
