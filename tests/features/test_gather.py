import numpy as np
import pandas as pd

from genregraph.datasets.spreadsheet import NOT_IN_TABLE
from genregraph.features.gather import gather, main
from genregraph.features.parquet import write_table

SHARDS = [
    [["d", 4.0, 3e38, ""], ["b", 2.0, np.nan, "no pitch"]],
    [],
    [["a", 1.0, 0.1, ""], ["c", -np.inf, np.inf, ""], ["e", 1e39, 1.0, ""]],
]


def test_table_and_problems_are_ordered_by_clip_whatever_the_order_of_shards(tmp_path):
    paths = [tmp_path / f"{number}.parquet" for number in range(3)]
    for path, rows in zip(paths, SHARDS, strict=True):
        types = {"clip": "str", "x": float, "y": float, "problem": "str"}
        write_table(pd.DataFrame(rows, columns=list(types)).astype(types), path)
    table, problems = tmp_path / "compare.parquet", tmp_path / "problems.csv"
    for order in (paths, paths[::-1]):
        main(order, table, problems)
        good = pd.read_parquet(table).to_dict("list")
        assert good == {"clip": ["a", "d"], "x": [1, 4], "y": [0.1, 3e38]}
        assert pd.read_csv(problems, keep_default_na=False).to_numpy().tolist() == [
            ["b", "", "compare: its features could not be computed: no pitch", NOT_IN_TABLE],
            ["c", "", "compare: features are not finite: 'x', 'y'", NOT_IN_TABLE],
            ["e", "", "compare: features are not finite: 'x'", NOT_IN_TABLE],
        ]
    main([paths[1]], table, problems)
    assert pd.read_parquet(table).columns.tolist() == ["clip", "x", "y"]
    assert problems.read_text() == "clip,path,problem,what_was_done\n"


def test_empty_shard_keeps_the_type_of_others():
    full = pd.DataFrame({"clip": ["a"], "problem": "", "x": np.float32([1.5])})
    empty = full[:0].astype({"x": np.float64})
    assert gather([empty, full])[0]["x"].dtype == np.float32
    assert gather([empty, empty])[0].empty
