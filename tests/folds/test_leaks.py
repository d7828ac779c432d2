import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from genregraph.common.errors import UserError
from genregraph.config.model import Clean, Experiment
from genregraph.folds import assign, leaks, usable
from genregraph.folds.groups import identical
from genregraph.folds.leaks import KINDS
from genregraph.plan.plan import read_evaluations

NO_PAIRS = np.empty((0, 2), dtype=np.int64)


def clips_of(n, **columns):
    """Clips that have nothing in common but what is given."""
    names = [f"clip{i:02d}" for i in range(n)]
    return pd.DataFrame(
        {
            "clip": names,
            "source": names,
            "genre": ["blues", "jazz"] * (n // 2) + ["blues"] * (n % 2),
            "status": "ok",
            "md5": [f"{i:032x}" for i in range(n)],
            "artist": [f"artist {i}" for i in range(n)],
            **dict.fromkeys(["sheet_group", "split", "excluded"], ""),
            **columns,
        }
    )


def folds_of(clips, *repeats):
    return pd.concat(
        [
            clips[["clip", "genre"]].assign(group="", repeat=repeat, fold=fold)
            for repeat, fold in enumerate(repeats)
        ],
        ignore_index=True,
    )


def counts(table, kind):
    return table[kind].tolist()


def test_leaks_are_those_counted_by_hand():
    clips = clips_of(
        6,
        artist=["Ann", "the ann", "Bob", "", "", "Bob"],
        sheet_group=["", "", "g", "g", "", ""],
        source=["s", "t", "t", "u", "u", "v"],
        md5=["1", "2", "", "", "2", "1"],
    )
    pairs = np.array([[0, 1], [0, 4], [2, 5]])
    # Groups: ann ann g g unknown bob.
    table = leaks.leaks(
        folds_of(clips, [0, 0, 0, 1, 1, 1], [0, 1, 2, 2, 1, 0]), clips, pairs, "together"
    )
    assert table.columns.tolist() == ["repeat", "fold", *KINDS]
    assert table["repeat"].tolist() == [0, 0, 1, 1, 1]
    assert table["fold"].tolist() == [0, 1, 0, 1, 2]
    assert counts(table, "group") == [1, 1, 1, 1, 0]
    assert counts(table, "artist") == [1, 1, 2, 1, 1]
    assert counts(table, "song") == [0, 0, 0, 2, 2]
    assert counts(table, "md5") == [2, 2, 0, 0, 0]
    assert counts(table, "near_identical") == [2, 2, 3, 2, 1]


def test_clips_that_only_train_are_no_fold_but_leak_into_those():
    clips = clips_of(4, artist=["Ann", "Ann", "Bob", "Bob"])
    table = leaks.leaks(folds_of(clips, [-1, 0, -1, -1]), clips, NO_PAIRS, "together")
    assert table[["fold", "artist"]].to_numpy().tolist() == [[0, 1]]


def test_unknown_artists_leak_only_if_they_are_a_group():
    clips = clips_of(4, artist=["Ann", "", "Ann", ""], genre="rock")
    folds = folds_of(clips, [0, 0, 0, 1])
    found = {
        unknown: counts(leaks.leaks(folds, clips, NO_PAIRS, unknown), "group")
        for unknown in ("together", "alone", "out")
    }
    assert found == {"together": [1, 1], "alone": [0, 0], "out": [0, 0]}


def test_a_clip_that_is_tested_several_times_leaks_each_time():
    """Clips 0 and 1 are of one artist: fold 1 tests both, folds 0 and 2 one of them."""
    clips = clips_of(4, artist=["Ann", "Ann", "Bob", "Cid"])
    rows = [
        ("clip00", 0),
        ("clip00", 1),
        ("clip01", 1),
        ("clip01", 2),
        ("clip02", 0),
        ("clip03", -1),
    ]
    folds = pd.DataFrame(rows, columns=["clip", "fold"]).assign(repeat=0)
    table = leaks.leaks(folds, clips, np.array([[0, 1], [2, 3]]), "together")
    assert counts(table, "artist") == [1, 0, 1]
    assert counts(table, "near_identical") == [2, 0, 1]


def test_copies_are_found_among_all_usable_clips():
    """Excluded clips are less spread: by all a pair is far apart, by those that are split near."""
    features = np.random.default_rng(0).normal(size=(60, 8)) * 0.3
    features[:8] *= 10
    features[7] = features[1] + 0.021
    assert [len(identical(x)) for x in (features, features[:8])] == [0, 1]
    names = clips_of(60)["clip"]
    assert len(leaks.near_identical(names[:8], names, features)) == 0
    assert leaks.near_identical(names[:8][::-1], names[:8], features[:8]).tolist() == [[6, 0]]


def test_without_tables_only_identical_files_are_found():
    clips = clips_of(8)
    pairs = leaks.near_identical(clips["clip"], clips["clip"], np.empty((8, 0)))
    assert pairs.shape == (0, 2)


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_only_protocols_by_group_end_with_an_error(protocol):
    counted = pd.DataFrame([[0, 0, 1, 0, 0, 0, 2]], columns=["repeat", "fold", *KINDS])
    if protocol == "paper":
        leaks.check(counted, protocol)
        return
    with pytest.raises(
        UserError, match=r"^protocol clean leaks: 1 group, 2 near_identical on both"
    ):
        leaks.check(counted, protocol)


def names(prefix, most):
    """Few names, so that many clips share one, and often none."""
    return st.integers(0, most).map(lambda i: f"{prefix}{i}" if i % 3 else "")


@given(
    facts=st.lists(
        st.tuples(names("artist", 30), names("group", 60), names("md5-", 60), st.integers(0, 25)),
        min_size=20,
        max_size=40,
    ),
    unknown=st.sampled_from(["together", "alone", "out"]),
    protocol=st.sampled_from(["clean", "inductive"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_assigned_never_leaks(tmp_path_factory, facts, unknown, protocol, seed):
    folder = tmp_path_factory.mktemp("folds")
    names = "clips table usable folds".split()
    paths = {name: folder / f"{name}.parquet" for name in names}
    artist, group, md5, look = zip(*facts, strict=True)
    clips_of(len(facts), artist=artist, sheet_group=group, md5=md5).to_parquet(paths["clips"])
    looks = np.random.default_rng(0).normal(size=(26, 3))[list(look)]
    listed = pd.DataFrame(looks, columns=list("abc")).assign(clip=clips_of(len(facts))["clip"])
    listed[["clip", *"abc"]].to_parquet(paths["table"])
    asked = Experiment(
        protocols=[protocol], clean=Clean(folds=2, repeats=2, unknown_artist=unknown)
    )
    tables, how = [paths["table"]], folder / "protocols.json"
    usable.main(paths["clips"], asked.model_dump_json(), seed, paths["usable"], how, tables)
    assume(protocol in read_evaluations(how))
    options = (asked.model_dump_json(), protocol, seed, paths["folds"])
    assign.main(paths["clips"], paths["usable"], *options, folder / "leaks.csv", tables)
    found = pd.read_csv(folder / "leaks.csv")
    assert found[["repeat", "fold"]].to_numpy().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert not found[KINDS].any(axis=None)
