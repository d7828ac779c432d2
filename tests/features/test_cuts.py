import json

import numpy as np
import pandas as pd
import pytest

from genregraph.common.errors import UserError
from genregraph.config.model import Config
from genregraph.datasets.sheet import Row
from genregraph.features.cuts import files_by_cut

ROWS = [Row(f"blues.0000{i}", f"blues/blues.0000{i}.wav", "blues") for i in range(2)]


def imported(stated):
    return files_by_cut(Config(tables={"mine": stated}), ROWS)["mine"]


@pytest.mark.parametrize(
    ("keys", "cut"),
    [
        (["blues/blues.00000.au", "blues/blues.00001.au"], "30s"),
        (["polka.0.wav", "blues.00000.0.wav", "blues.00000.1.wav"], "3s"),
        (["x", "y"], "30s"),
    ],
)
def test_first_keys_say_which_cut(tmp_path, keys, cut):
    csv, npz = str(tmp_path / "table.csv"), str(tmp_path / "table.npz")
    pd.DataFrame({"x": [json.dumps([0.5] * 9000)] * len(keys), "path": keys}).to_csv(csv)
    np.savez(npz, IDS=np.array(keys, dtype="S"), X=np.ones((len(keys), 2)))
    for path in (csv, npz):
        assert imported(path) == {cut: path}
        assert imported({"file": path, "file_3s": "b.csv"}) == {"30s": path, "3s": "b.csv"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("who,x\na,1\n", "no key column; name it clip or filename"),
        ("clip,genre_id\na,1\n", "would give a model the answer: 'genre_id'"),
        ("clip,x\na,1\n", "keep: f9: no such column"),
    ],
)
def test_table_that_cannot_be_imported_is_an_error_before_any_job(tmp_path, text, said):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=f"tables: {path}: .*{said}"):
        imported({"file": str(path), "keep": ["f9"] if "f9" in said else []})
