"""Predictions of real files from beginning to end, and their accuracy."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr
from tests.predict.test_train import unseen_and_cross_validated
from tests.workflow.conftest import PARTS, ROOT, Project

from genregraph.datasets.sheet import read_sheet, write_sheet
from genregraph.evaluation.statistics import Interval

pytestmark = pytest.mark.torture

TARGET = "results/predictions.csv"
RATE = 22_050


@pytest.fixture(scope="module")
def predicted(real_audio: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """30 of 100 real clips and odd files, by what is learnt from the other 70's public features."""
    folder = tmp_path_factory.mktemp("predicted")
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, folder / part)
    rows = read_sheet(ROOT / "config/datasets/gtzan-mini.tsv")
    by_genre = {row.genre: [each for each in rows if each.genre == row.genre] for row in rows}
    unseen = [row for of_genre in by_genre.values() for row in of_genre[1:10:3]]
    write_sheet([row for row in rows if row not in unseen], folder / "seventy.tsv")
    new = folder / "new"
    for row in unseen:
        (new / row.path).parent.mkdir(parents=True, exist_ok=True)
        (new / row.path).symlink_to(real_audio / row.path)
    waves = [soundfile.read(real_audio / row.path, dtype="float32")[0] for row in unseen[:20]]
    odd = {
        "ten minutes": np.concatenate(waves)[: 600 * RATE],
        "three seconds": waves[0][: 3 * RATE],
        "noise": np.random.default_rng(0).standard_normal(30 * RATE) / 10,
    }
    for name, wave in odd.items():
        soundfile.write(new / f"{name}.wav", wave, RATE)
    double = np.repeat(soxr.resample(waves[0], RATE, 2 * RATE)[:, None], 2, axis=1)
    soundfile.write(new / "stereo.mp3", double, 2 * RATE, format="MP3")
    (new / "text.mp3").write_text("no music\n" * 1000)
    project = Project(folder)
    (folder / "small.yaml").write_text("{dataset: gtzan-mini, sheet: seventy.tsv}")
    table = os.environ["GENREGRAPH_TEST_TABLE"]
    options = ["audio=none", "predict=new", f"tables={{handcrafted: {table}}}"]
    project.snakemake("--cores", "2", TARGET, "--config", *options)
    return project


def compare(capsys, what: str, accuracy: float, folds: Interval) -> None:
    expected = f"{folds.mean:.4f} ({folds.low:.4f} to {folds.high:.4f})"
    with capsys.disabled():
        print(f"\n{what}: {accuracy:.4f}; by five folds of these {expected}")
    assert folds.low <= accuracy <= folds.high


def test_unseen_clips_are_predicted_from_audio_as_by_public_features(
    predicted: Project, public_table: pd.DataFrame, capsys
) -> None:
    files = pd.read_csv(predicted.folder / TARGET).set_index("file")
    real = files[files.index.str.count("/") == 2]
    assert len(real) == 30
    right = real["genre"] == real.index.str.split("/").str[1]
    mini = {row.clip for row in read_sheet(ROOT / "config/datasets/gtzan-mini.tsv")}
    clips = public_table["filename"].str.removesuffix(".wav")
    _, interval = unseen_and_cross_validated(public_table[clips.isin(mini)])
    compare(capsys, "30 unseen clips of gtzan-mini, by 70", right.mean(), interval)
    assert real["unlike"].sum() <= 3


def test_odd_files_are_what_they_are(predicted: Project) -> None:
    files = pd.read_csv(predicted.folder / TARGET).set_index("file")
    assert files.loc["new/ten minutes.wav", "pieces"] == 20
    assert files.loc["new/ten minutes.wav", "seconds"] == pytest.approx(600, abs=0.1)
    assert files.loc["new/three seconds.wav", "pieces"] == 1
    first = files.loc["new/stereo.mp3", "genre"]
    assert first == files.loc["new/blues/blues.00001.wav", "genre"]
    assert files.loc["new/noise.wav", "unlike"]
    assert "new/text.mp3" not in files.index
    problems = pd.read_csv(predicted.folder / "results/gtzan-mini/predictions/problems.csv")
    said = problems.set_index("file")["problem"]
    assert said["new/text.mp3"].startswith("unreadable: Format not recognised")


def test_a_thousand_clips_are_predicted_as_cross_validation_says(public_table, capsys) -> None:
    accuracy, interval = unseen_and_cross_validated(public_table)
    compare(capsys, "300 unseen clips of gtzan, by 700", accuracy, interval)
