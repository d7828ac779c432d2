import pytest

from learning.every_fold import write_archive
from learning.unpack import main

NAMES = ["graphsage.pt", "history.csv", "predictions.parquet"]
FOLDS = [
    {"graphsage.pt": bytes(range(256)), "history.csv": b"", "predictions.parquet": b"1"},
    {"graphsage.pt": b"2", "history.csv": b"loss\n1\n", "predictions.parquet": b"3"},
]


@pytest.fixture
def archive(tmp_path):
    write_archive(FOLDS, tmp_path / "graphsage.tar")
    return tmp_path / "graphsage.tar"


@pytest.mark.parametrize("fold", [0, 1])
def test_each_fold_has_its_own_files(archive, tmp_path, fold):
    main(archive, fold, *(tmp_path / name for name in NAMES))
    assert {name: (tmp_path / name).read_bytes() for name in NAMES} == FOLDS[fold]


def test_the_same_files_give_the_same_archive(archive, tmp_path):
    write_archive(FOLDS, tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == archive.read_bytes()
