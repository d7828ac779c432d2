import numpy as np
import pandas as pd
import pytest

from genregraph.features.gather import gather, main
from genregraph.features.parquet import write_table


@pytest.fixture
def shards():
    return [
        pd.DataFrame({"clip": ["d", "b"], "x": [4.0, 2.0], "y": [0.4, np.nan]}),
        pd.DataFrame({"clip": pd.Series([], dtype="str"), "x": [], "y": []}),
        pd.DataFrame({"clip": ["a", "c", "e"], "x": [1.0, -np.inf, np.inf], "y": [0.1, 0.3, 0.5]}),
    ]


def test_the_table_is_ordered_by_clip_whatever_the_order_of_shards(shards):
    for order in (shards, shards[::-1]):
        table, _ = gather(order)
        assert table.to_dict("list") == {"clip": ["a", "d"], "x": [1.0, 4.0], "y": [0.1, 0.4]}
        assert table.index.tolist() == [0, 1]


def test_rows_that_are_not_finite_are_refused(shards):
    assert list(gather(shards)[1]) == ["b", "c", "e"]


def written(shards, tmp_path):
    paths = [tmp_path / f"{i:02d}.parquet" for i in range(len(shards))]
    for shard, path in zip(shards, paths, strict=True):
        write_table(shard, path)
    main(paths, tmp_path / "compare.parquet", tmp_path / "problems.csv")
    problems = pd.read_csv(tmp_path / "problems.csv", keep_default_na=False)
    return pd.read_parquet(tmp_path / "compare.parquet"), problems


def test_main_lists_the_refused_clips(shards, tmp_path):
    table, problems = written(shards, tmp_path)
    assert table["clip"].tolist() == ["a", "d"]
    assert problems.columns.tolist() == ["clip", "path", "problem", "what_was_done"]
    assert problems["clip"].tolist() == ["b", "c", "e"]
    assert set(problems["problem"]) == {"compare: features are not finite"}
    assert problems["what_was_done"].str.startswith("rejected").all()


def test_the_reason_that_a_shard_states_reaches_the_list(shards, tmp_path):
    shards[0].attrs["rejected"] = {"b": "no pitch"}
    table, problems = written(shards, tmp_path)
    assert problems["problem"].tolist() == [
        "compare: its features could not be computed: no pitch",
        "compare: features are not finite",
        "compare: features are not finite",
    ]
    assert not table.attrs


def test_main_writes_an_empty_list_where_nothing_is_refused(shards, tmp_path):
    table, problems = written([shards[0][:1]], tmp_path)
    assert table["clip"].tolist() == ["d"]
    assert problems.columns.tolist() == ["clip", "path", "problem", "what_was_done"]
    assert len(problems) == 0


def test_a_table_may_lose_all_its_clips(shards, tmp_path):
    table, problems = written([shards[0][1:], shards[1]], tmp_path)
    assert table.columns.tolist() == ["clip", "x", "y"]
    assert len(table) == 0
    assert problems["clip"].tolist() == ["b"]


def test_a_shard_without_clips_leaves_the_type_of_the_others():
    full = pd.DataFrame({"clip": ["a"], "x": np.float32([1.5])})
    empty = pd.DataFrame({"clip": pd.Series([], dtype="str"), "x": np.array([], dtype=np.float64)})
    assert gather([empty, full])[0]["x"].dtype == np.float32
    assert gather([empty, empty])[0].empty
