import zipfile
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from inputs.inputs import Inputs


@pytest.fixture
def inputs():
    return Inputs(
        x=np.array([[1 / 3, -0.0], [1e30, 2.0], [5.0, 1e-40]], dtype=np.float32),
        y=np.array([0, 1, 0]),
        train=np.array([True, False, True]),
        clips=np.array(["a", "ünï $(x)", "c.00001"]),
        genres=np.array(["blues", "jazz"]),
        features=np.array(["f", "longer name"]),
    )


def test_what_is_saved_is_read_back(inputs, tmp_path):
    inputs.save(tmp_path / "inputs.npz")
    read = Inputs.load(tmp_path / "inputs.npz")
    for name, value in vars(inputs).items():
        assert_array_equal(getattr(read, name), value, strict=True)
    assert read.x.tobytes() == inputs.x.tobytes()


def test_the_file_needs_no_pickle_and_holds_no_time(inputs, tmp_path):
    inputs.save(tmp_path / "inputs.npz")
    with np.load(tmp_path / "inputs.npz", allow_pickle=False) as file:
        assert sorted(file.files) == sorted(vars(inputs))
    with zipfile.ZipFile(tmp_path / "inputs.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_same_inputs_give_the_same_bytes(inputs, tmp_path):
    inputs.save(tmp_path / "a.npz")
    replace(inputs, x=inputs.x.copy()).save(tmp_path / "b.npz")
    replace(inputs, x=inputs.x + 1).save(tmp_path / "c.npz")
    a, b, c = ((tmp_path / f"{name}.npz").read_bytes() for name in "abc")
    assert a == b != c


def test_the_path_is_taken_as_it_is(inputs, tmp_path):
    inputs.save(tmp_path / "without-ending")
    assert Inputs.load(tmp_path / "without-ending").clips.tolist() == inputs.clips.tolist()
