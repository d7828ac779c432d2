import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from folds.assign import COLUMNS, assign, main, stratified, usable
from settings.errors import UserError


def clips_of(genres, status="ok"):
    return pd.DataFrame(
        {
            "clip": [f"{genre}.{i:05d}" for i, genre in enumerate(genres)],
            "genre": genres,
            "group": [f"song{i // 2}" for i in range(len(genres))],
            "status": status,
        }
    )


def spread(counts):
    return counts.max() - counts.min()


@given(
    genres=st.lists(st.sampled_from("blues jazz rock pop".split()), min_size=2, max_size=80),
    folds=st.integers(2, 12),
    seed=st.integers(0, 2**32),
)
def test_folds_differ_by_at_most_one_clip_overall_and_in_each_genre(genres, folds, seed):
    assume(len(set(genres)) > 1 and len(genres) >= folds)
    assigned = stratified(genres, folds, np.random.default_rng(seed))
    assert assigned.shape == (len(genres),)
    assert set(assigned) == set(range(folds))
    assert spread(np.bincount(assigned, minlength=folds)) <= 1
    for genre in set(genres):
        of_genre = assigned[np.array(genres) == genre]
        assert spread(np.bincount(of_genre, minlength=folds)) <= 1


def test_ten_folds_of_gtzan_hold_ten_clips_of_each_genre():
    genres = np.repeat([f"genre{i}" for i in range(10)], 100)
    assigned = stratified(genres, 10, np.random.default_rng(0))
    assert (pd.crosstab(genres, assigned) == 10).all(axis=None)


@pytest.mark.parametrize(("genres", "folds"), [(["blues"] * 9, 3), (["blues", "jazz"], 3), ([], 2)])
def test_impossible_folds_are_refused(genres, folds):
    with pytest.raises(UserError, match=rf"^{len(genres)} usable clips .* {folds} folds"):
        stratified(genres, folds, np.random.default_rng(0))


def test_clips_within_a_genre_are_shuffled():
    clips = clips_of(["blues"] * 50 + ["jazz"] * 50)
    fold = assign(clips, 10, 1, seed=0)["fold"].to_numpy()
    assert not np.array_equal(fold, np.arange(100) % 10)
    assert not np.array_equal(fold[:50], fold[50:])


def test_every_repeat_deals_every_clip_once_and_anew():
    clips = clips_of(["blues", "jazz"] * 20)
    table = assign(clips, 4, 3, seed=5)
    assert table.columns.tolist() == COLUMNS
    deals = {repeat: rows for repeat, rows in table.groupby("repeat")}
    assert list(deals) == [0, 1, 2]
    for rows in deals.values():
        assert rows["clip"].tolist() == clips["clip"].tolist()
        assert rows["genre"].tolist() == clips["genre"].tolist()
        assert rows["group"].tolist() == clips["group"].tolist()
        assert set(rows["fold"]) == {0, 1, 2, 3}
    folds = [tuple(rows["fold"]) for rows in deals.values()]
    assert len(set(folds)) == 3


def test_the_seed_decides():
    clips = clips_of(["blues", "jazz"] * 20)
    first = assign(clips, 4, 2, seed=1)
    pd.testing.assert_frame_equal(assign(clips, 4, 2, seed=1), first)
    assert not assign(clips, 4, 2, seed=2)["fold"].equals(first["fold"])


def test_another_repeat_leaves_those_before_as_they_were():
    clips = clips_of(["blues", "jazz"] * 20)
    longer = assign(clips, 4, 3, seed=1)
    pd.testing.assert_frame_equal(longer[: 2 * len(clips)], assign(clips, 4, 2, seed=1))


def test_neither_order_nor_other_columns_nor_refused_clips_matter():
    clips = clips_of(["blues", "jazz"] * 20)
    names = frozenset(clips["clip"])
    expected = assign(usable(clips, [names], []), 4, 1, seed=0)
    refused = clips_of(["blues", "rock"], "refused").assign(clip=["aaa", "zzz"])
    other = pd.concat([clips[::-1], refused]).assign(md5="0", samples=661_794)
    found = assign(usable(other, [names | {"zzz"}, names], []), 4, 1, seed=0)
    pd.testing.assert_frame_equal(found, expected)


def test_usable_clips_are_in_every_table_of_the_genres_and_not_refused():
    clips = clips_of(["rock", "pop", "jazz", "rock", "pop", "jazz"])
    clips["status"] = ["ok", "repaired", "ok", "refused", "ok", "ok"]
    everywhere = frozenset(clips["clip"])
    lacking = everywhere - {"pop.00004"}

    def used(tables, genres=()):
        return usable(clips, tables, genres)["clip"].tolist()

    assert used([]) == ["jazz.00002", "jazz.00005", "pop.00001", "pop.00004", "rock.00000"]
    assert used([everywhere, lacking]) == ["jazz.00002", "jazz.00005", "pop.00001", "rock.00000"]
    assert used([lacking], ["pop", "rock"]) == ["pop.00001", "rock.00000"]
    assert used([frozenset()]) == []


@pytest.fixture
def files(tmp_path):
    clips = clips_of(["rock", "pop", "jazz"] * 10)
    clips.loc[0, "status"] = "refused"
    clips.to_parquet(tmp_path / "clips.parquet")
    tables = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for table, missing in zip(tables, [1, 3], strict=True):
        clips[["clip"]].drop(index=missing).assign(x=1.0).to_parquet(table)
    return clips, tables


def test_main_deals_the_usable_clips(files, tmp_path):
    clips, tables = files
    output = tmp_path / "folds.parquet"
    main(tmp_path / "clips.parquet", 3, 2, 7, output, tables)
    folds = pd.read_parquet(output)
    kept = clips.drop(index=[0, 1, 3]).sort_values("clip", ignore_index=True)
    pd.testing.assert_frame_equal(folds, assign(kept, 3, 2, 7))


def test_main_keeps_only_the_genres_asked_for(files, tmp_path):
    _, tables = files
    output = tmp_path / "folds.parquet"
    main(tmp_path / "clips.parquet", 3, 1, 7, output, tables, genre=["rock", "jazz"])
    assert set(pd.read_parquet(output)["genre"]) == {"rock", "jazz"}
    with pytest.raises(UserError, match="of 1 genre"):
        main(tmp_path / "clips.parquet", 3, 1, 7, output, tables, genre=["rock"])
