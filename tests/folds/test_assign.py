import numpy as np
import pandas as pd
import pytest

from folds.assign import COLUMNS, allowed, assign, features_of, grouped_clips, main, usable
from folds.deal import grouped, stratified
from settings.errors import UserError


def clips_of(genres, status="ok"):
    """Clips of unknown artists, two to a song."""
    n = len(genres)
    return pd.DataFrame(
        {
            "clip": [f"{genre}.{i:05d}" for i, genre in enumerate(genres)],
            "source": [f"song{i // 2}" for i in range(n)],
            "genre": genres,
            "group": [f"song{i // 2}" for i in range(n)],
            "status": status,
            "md5": [f"{i:032x}" for i in range(n)],
            **dict.fromkeys(["sheet_group", "artist", "split", "excluded"], ""),
        }
    )


def test_every_repeat_deals_every_clip_once_and_anew():
    clips = clips_of(["blues", "jazz"] * 20)
    for protocol in ("paper", "clean", "inductive"):
        table = assign(clips, protocol, 4, 3, seed=5)
        assert table.columns.tolist() == COLUMNS
        deals = {repeat: rows for repeat, rows in table.groupby("repeat")}
        assert list(deals) == [0, 1, 2]
        for rows in deals.values():
            assert rows["clip"].tolist() == clips["clip"].tolist()
            assert rows["genre"].tolist() == clips["genre"].tolist()
            assert rows["group"].tolist() == clips["group"].tolist()
            assert set(rows["fold"]) == {0, 1, 2, 3}
        assert len({tuple(rows["fold"]) for rows in deals.values()}) == 3


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_the_seed_decides(protocol):
    clips = clips_of(["blues", "jazz"] * 20)
    first = assign(clips, protocol, 4, 2, seed=1)
    pd.testing.assert_frame_equal(assign(clips, protocol, 4, 2, seed=1), first)
    assert not assign(clips, protocol, 4, 2, seed=7)["fold"].equals(first["fold"])


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_another_repeat_leaves_those_before_as_they_were(protocol):
    clips = clips_of(["blues", "jazz"] * 20)
    longer = assign(clips, protocol, 4, 3, seed=1)
    pd.testing.assert_frame_equal(longer[: 2 * len(clips)], assign(clips, protocol, 4, 2, seed=1))


@pytest.mark.parametrize("protocol", ["paper", "clean"])
def test_the_largest_seed_can_be_repeated(protocol):
    table = assign(clips_of(["blues", "jazz"] * 20), protocol, 4, 2, seed=2**32 - 1)
    assert table.groupby("repeat")["fold"].nunique().tolist() == [4, 4]


def test_clean_and_inductive_have_the_same_folds():
    clips = clips_of(["blues", "jazz"] * 20)
    clean, inductive = (assign(clips, name, 4, 2, seed=1) for name in ("clean", "inductive"))
    pd.testing.assert_frame_equal(clean, inductive)


def test_the_published_split_is_fold_0_and_clips_that_only_train():
    clips = clips_of(["blues", "jazz"] * 2).assign(split=["train", "test", "test", "train"])
    table = assign(clips, "filtered", 1, 1, seed=0)
    assert table[["repeat", "fold"]].to_numpy().tolist() == [[0, -1], [0, 0], [0, 0], [0, -1]]


def test_neither_order_nor_other_columns_nor_refused_clips_matter():
    clips = clips_of(["blues", "jazz"] * 20)
    names = frozenset(clips["clip"])
    expected = assign(usable(clips, [names], []), "paper", 4, 1, seed=0)
    refused = clips_of(["blues", "rock"], "refused").assign(clip=["aaa", "zzz"])
    other = pd.concat([clips[::-1], refused]).assign(md5="0", samples=661_794)
    found = assign(usable(other, [names | {"zzz"}, names], []), "paper", 4, 1, seed=0)
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


# What each protocol takes

SHEET = clips_of(["rock"] * 6).assign(
    artist=["Ann", "Ann", "", "", "Bob", "Bob"],
    split=["train", "valid", "test", "", "test", "train"],
    excluded=["", "", "", "", "replica", "distorted"],
)


@pytest.mark.parametrize(
    ("protocol", "unknown", "positions"),
    [
        ("paper", "out", [0, 1, 2, 3, 4, 5]),
        ("clean", "together", [0, 1, 2, 3]),
        ("clean", "alone", [0, 1, 2, 3]),
        ("clean", "out", [0, 1]),
        ("inductive", "out", [0, 1]),
        ("filtered", "out", [0, 2, 4, 5]),
    ],
)
def test_a_protocol_takes_the_clips_it_may(protocol, unknown, positions):
    found = allowed(SHEET, protocol, unknown)
    assert found["clip"].tolist() == SHEET["clip"].iloc[positions].tolist()
    assert found.index.tolist() == list(range(len(positions)))


def test_where_no_artist_is_known_none_is_left_out():
    assert len(allowed(SHEET.assign(artist=""), "clean", "out")) == 4


# Groups

NOTHING = np.empty((6, 0))


def together(clips, features=NOTHING, unknown="alone"):
    """Positions of the clips of each group."""
    found = grouped_clips(clips, features, unknown)["group"]
    return sorted(rows.index.tolist() for _, rows in found.groupby(found))


@pytest.mark.parametrize(
    ("columns", "groups"),
    [
        ({}, [[0, 1], [2, 3], [4, 5]]),
        ({"artist": ["X", "", "", "", "the x", "Y"]}, [[0, 1, 4, 5], [2, 3]]),
        ({"sheet_group": ["", "g", "g", "", "", ""]}, [[0, 1, 2, 3], [4, 5]]),
        ({"md5": ["a", "b", "b", "c", "c", "d"]}, [[0, 1, 2, 3, 4, 5]]),
        (
            {"artist": ["X", "X", "", "", "X", "X"], "sheet_group": ["g", "g", "", "", "h", "h"]},
            [[0, 1, 4, 5], [2, 3]],
        ),
    ],
)
def test_song_artist_group_and_copies_tie_clips(columns, groups):
    assert together(clips_of(["rock"] * 6).assign(**columns)) == groups


def test_clips_with_the_same_features_are_tied():
    features = np.random.default_rng(0).normal(size=(6, 4))
    features[5] = features[0]
    assert together(clips_of(["rock"] * 6), features) == [[0, 1, 4, 5], [2, 3]]


def test_unknown_artists_of_a_genre_can_be_tied():
    clips = clips_of(["rock", "rock", "rock", "jazz", "jazz", "jazz"])
    clips = clips.assign(source=clips["clip"], artist=["Ann", "", "", "", "", "Bob"])
    assert together(clips, unknown="together") == [[0], [1, 2], [3, 4], [5]]
    assert together(clips, unknown="alone") == [[0], [1], [2], [3], [4], [5]]


def test_a_group_has_the_name_of_its_first_clip():
    clips = clips_of(["rock"] * 6).assign(artist=["Ann", "Bob", "", "", "", ""])
    names = ["artist ann", "artist ann", "song song1", "song song1", "song song2", "song song2"]
    assert grouped_clips(clips, NOTHING, "alone")["group"].tolist() == names


def test_features_of_all_tables_stand_side_by_side_in_the_clips_order(tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    pd.DataFrame({"clip": ["x", "y", "z"], "p": [1.0, 2, 3]}).to_parquet(paths[0])
    pd.DataFrame({"clip": ["z", "y", "x"], "q": [4.0, 5, 6]}).to_parquet(paths[1])
    clips = pd.Series(["z", "x"])
    assert features_of(clips, paths).tolist() == [[3, 4], [1, 6]]
    assert features_of(clips, []).shape == (2, 0)


# The step


@pytest.fixture
def files(tmp_path):
    clips = clips_of(["rock", "pop", "jazz"] * 20)
    clips = clips.assign(
        artist=[f"artist{i % 3} {i // 12}" for i in range(60)],
        split=["train", "test", "valid", "train"] * 15,
        source=clips["clip"],
    )
    clips.loc[0, "status"] = "refused"
    clips.loc[[7, 8], "excluded"] = "replica"
    clips.to_parquet(tmp_path / "clips.parquet")
    tables = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    rng = np.random.default_rng(0)
    for number, (table, missing) in enumerate(zip(tables, [1, 3], strict=True)):
        values = pd.DataFrame(rng.normal(size=(60, 3)), columns=[f"x{number}{j}" for j in range(3)])
        pd.concat([clips["clip"], values], axis=1).drop(index=missing).to_parquet(table)
    return clips, tables


def run(folder, tables, protocol, folds=3, repeats=2, **options):
    output = folder / "folds.parquet"
    main(
        folder / "clips.parquet", protocol, folds, repeats, "together", 7, output, tables, **options
    )
    return pd.read_parquet(output)


def test_main_deals_the_usable_clips_at_random(files, tmp_path):
    clips, tables = files
    folds = run(tmp_path, tables, "paper")
    kept = clips.drop(index=[0, 1, 3]).sort_values("clip", ignore_index=True)
    pd.testing.assert_frame_equal(folds, assign(kept, "paper", 3, 2, 7))
    expected = stratified(kept["genre"].tolist(), 3, np.random.default_rng([7, 1]))
    assert folds.loc[folds["repeat"] == 1, "fold"].tolist() == expected.tolist()


@pytest.mark.parametrize("protocol", ["clean", "inductive"])
def test_main_keeps_artists_whole_and_leaves_out_what_the_sheet_excludes(files, tmp_path, protocol):
    clips, tables = files
    folds = run(tmp_path, tables, protocol)
    kept = clips.drop(index=[0, 1, 3, 7, 8]).sort_values("clip", ignore_index=True)
    assert folds["clip"].tolist() == kept["clip"].tolist() * 2
    assert folds["group"].tolist() == ("artist " + kept["artist"]).tolist() * 2
    assert (folds.groupby(["repeat", "group"])["fold"].nunique() == 1).all()
    expected = grouped(kept["genre"].tolist(), kept["artist"].tolist(), 3, 8)
    assert folds.loc[folds["repeat"] == 1, "fold"].tolist() == expected.tolist()


def test_main_keeps_clips_with_the_same_features_together(files, tmp_path):
    _, tables = files
    for path in tables:
        table = pd.read_parquet(path).set_index("clip")
        table.loc["rock.00006"] = table.loc["jazz.00050"]
        table.reset_index().to_parquet(path)
    folds = run(tmp_path, tables, "clean").set_index("clip")
    assert folds.loc["rock.00006", "group"].tolist() == folds.loc["jazz.00050", "group"].tolist()
    assert folds.loc["rock.00006", "fold"].tolist() == folds.loc["jazz.00050", "fold"].tolist()


def test_main_takes_the_published_split(files, tmp_path):
    clips, tables = files
    folds = run(tmp_path, tables, "filtered", folds=1, repeats=1)
    kept = clips.drop(index=[0, 1, 3]).query("split in ('train', 'test')").sort_values("clip")
    assert folds["clip"].tolist() == kept["clip"].tolist()
    assert folds["fold"].tolist() == [0 if split == "test" else -1 for split in kept["split"]]


@pytest.mark.parametrize("protocol", ["paper", "clean", "filtered"])
def test_main_needs_no_tables(files, tmp_path, protocol):
    assert len(run(tmp_path, None, protocol, repeats=1)) == {"paper": 59, "clean": 57}.get(
        protocol, 44
    )


def test_main_takes_the_clips_of_all_shards_images(files, tmp_path):
    clips, _ = files
    shards = [tmp_path / "00.parquet", tmp_path / "01.parquet"]
    clips[["clip"]][1:20].to_parquet(shards[0])
    clips[["clip"]][30:].to_parquet(shards[1])
    folds = run(tmp_path, None, "paper", repeats=1, images=shards)
    assert set(folds["clip"]) == {*clips["clip"][1:20], *clips["clip"][30:]}


def test_main_keeps_only_the_genres_asked_for(files, tmp_path):
    _, tables = files
    assert set(run(tmp_path, tables, "paper", genre=["rock", "jazz"])["genre"]) == {"rock", "jazz"}
    for protocol in ("paper", "clean"):
        with pytest.raises(UserError, match="of 1 genre"):
            run(tmp_path, tables, protocol, genre=["rock"])
