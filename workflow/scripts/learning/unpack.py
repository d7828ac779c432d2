"""Take the files of one fold out of the archive that `learning.graphsage` writes of all."""

import tarfile
from pathlib import Path
from typing import Annotated

import typer


def main(
    archive: Annotated[Path, typer.Argument(help="Files of all folds (tar).")],
    fold: Annotated[int, typer.Option(help="Which fold, numbered on over repeats.")],
    model: Annotated[Path, typer.Option(help="Its model, to be written (PyTorch).")],
    history: Annotated[Path, typer.Option(help="Loss and accuracies, to be written (CSV).")],
    predictions: Annotated[Path, typer.Option(help="Predictions, to be written (Parquet).")],
) -> None:
    """Take what GraphSAGE left of a fold out of the archive of all, each file by its name."""
    with tarfile.open(archive) as files:
        for path in (model, history, predictions):
            file = files.extractfile(f"fold-{fold:02d}/{path.name}")
            assert file is not None  # All that is written into it are files.
            path.write_bytes(file.read())
