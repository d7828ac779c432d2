import numpy as np
import pandas as pd
import pytest

from genregraph.features.gather import gather, main
from genregraph.features.parquet import write_table

COMPUTED = "its features could not be computed"


@pytest.fixture
def shards():
    tables = [
        pd.DataFrame({"clip": ["d", "b"], "x": [4.0, 2.0], "y": [0.4, np.nan]}),
        pd.DataFrame({"clip": pd.Series([], dtype="str"), "x": [], "y": []}),
        pd.DataFrame({"clip": ["a", "c", "e"], "x": [1.0, -np.inf, 1e160], "y": [0.1, np.inf, 1]}),
    ]
    return [table.assign(problem=pd.Series("", table.index, dtype="str")) for table in tables]


def test_table_is_ordered_by_clip(shards):
    for order in (shards, shards[::-1]):
        table, rejected = gather(order)
        assert table.to_dict("list") == {"clip": ["a", "d"], "x": [1.0, 4.0], "y": [0.1, 0.4]}
        assert rejected == {
            "b": "features are not finite: 'y'",
            "c": "features are not finite: 'x', 'y'",
            "e": "features are not finite: 'x'",
        }


def test_empty_shard_keeps_the_type_of_others():
    full = pd.DataFrame({"clip": ["a"], "problem": "", "x": np.float32([1.5])})
    empty = full[:0].astype({"x": np.float64})
    assert gather([empty, full])[0]["x"].dtype == np.float32
    assert gather([empty, empty])[0].empty


@pytest.mark.parametrize("kept", [["d"], []])
def test_main_writes_table_and_problems(shards, tmp_path, kept):
    shard = shards[0] if kept else shards[0][1:]
    shard.loc[1, "problem"] = "no pitch"
    for rows, problem in ((shard, ["b", f"compare: {COMPUTED}: no pitch"]), (shard[:0], [])):
        write_table(rows, tmp_path / "0.parquet")
        main([tmp_path / "0.parquet"], tmp_path / "compare.parquet", tmp_path / "problems.csv")
        table = pd.read_parquet(tmp_path / "compare.parquet")
        problems = pd.read_csv(tmp_path / "problems.csv", keep_default_na=False)
        assert table.columns.tolist() == ["clip", "x", "y"]
        assert table["clip"].tolist() == (kept if problem else [])
        assert problems.columns.tolist() == ["clip", "path", "problem", "what_was_done"]
        assert problems[["clip", "problem"]].to_numpy().ravel().tolist() == problem
        assert problems["what_was_done"].str.startswith("rejected").all()
