import json

import numpy as np
import pandas as pd
import pytest

from genregraph.config.model import Config
from genregraph.datasets.sheet import Row
from genregraph.features.cuts import files_by_cut, peek
from genregraph.features.keys import Names

ROWS = [Row(f"blues.0000{i}", f"blues/blues.0000{i}.wav", "blues") for i in range(2)]


def imported(stated) -> dict[str, dict[str, str]]:
    return files_by_cut(Config(tables={"mine": stated}), ROWS)


@pytest.mark.parametrize(
    ("stated", "files"),
    [
        ({"file": "a.npz"}, {"30s": "a.npz"}),
        ({"file_3s": "b.npz"}, {"3s": "b.npz"}),
        ({"file": "a.npz", "file_3s": "b.npz"}, {"30s": "a.npz", "3s": "b.npz"}),
    ],
)
def test_a_table_has_a_file_for_each_cut_that_is_stated(stated, files) -> None:
    assert imported(stated) == {"mine": files}


def test_a_table_of_segments_is_known_by_its_keys(tmp_path) -> None:
    path = tmp_path / "table.csv"
    for key, cut in {
        "blues.00001": "30s",
        "blues.00000.7.wav": "3s",
        "blues/blues.00001.0": "3s",
    }.items():
        path.write_text(f"filename,x\nrock.0.0.wav,1\n{key},1\n")
        assert imported(str(path)) == {"mine": {cut: str(path)}}
    assert imported({"file": str(path), "file_3s": "b.csv"})["mine"]["30s"] == str(path)


def write(path, keys):
    """A table of some keys in any form."""
    x = np.ones((len(keys), 2))
    table = pd.DataFrame({"x": 1.0, "path": keys})
    match path.suffix:
        case ".csv":
            table.to_csv(path, index=False)
        case ".jsonl":
            path.write_text("\n".join(json.dumps({"path": key, "x": [1]}) for key in keys))
        case ".parquet":
            table.to_parquet(path)
        case ".npz":
            np.savez(path, IDS=np.array(keys), X=x)
        case ".npy":
            np.save(path, x)
            path.with_suffix(".txt").write_text("\n".join(keys))


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "npz", "npy"])
def test_the_first_keys_of_any_form_tell_its_cut(tmp_path, ending) -> None:
    path = tmp_path / f"table.{ending}"
    for keys, cut in [
        (["blues/blues.00000.au", "blues/blues.00001.au"], "30s"),
        (["polka.0.wav", "blues.00000.0.wav", "blues.00000.1.wav"], "3s"),
        (["x", "y"], "30s"),
    ]:
        write(path, keys)
        assert peek(path) == keys
        assert Names(ROWS).cut_of(peek(path)) == cut


def test_arrays_by_clip_and_an_index_are_keys_too(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", **{"blues/blues.00000.3.wav": np.ones(2)})
    assert peek(tmp_path / "a.npz") == ["blues/blues.00000.3.wav"]
    pd.DataFrame({"x": [1.0]}, index=["blues.00000"]).to_parquet(tmp_path / "a.parquet")
    assert peek(tmp_path / "a.parquet") == ["blues.00000"]


def test_keys_are_found_in_each_form_that_is_read(tmp_path) -> None:
    keys = ["blues.00000.0", "blues.00000.1"]
    np.savez(tmp_path / "bytes.npz", clip=np.array(keys, dtype="S"), x=np.ones((2, 3)))
    rows = np.array([(key, 0.5) for key in keys], dtype=[("clip", "U20"), ("x", "f4")])
    np.save(tmp_path / "rows.npy", rows)
    long = json.dumps([0.123456789] * 20_000)
    lines = [f'{key},"{long}"' for key in keys]
    (tmp_path / "long.csv").write_text("\n".join(["clip,x", *lines]))
    for name in ("bytes.npz", "rows.npy", "long.csv"):
        assert peek(tmp_path / name) == keys
        assert Names(ROWS).cut_of(peek(tmp_path / name)) == "3s"


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "npz", "npy", "xlsx"])
def test_what_cannot_be_read_has_no_first_keys(tmp_path, ending) -> None:
    path = tmp_path / f"table.{ending}"
    assert peek(path) == []
    path.write_bytes(b"\xff\x00 nothing")
    assert peek(path) == []
