"""Predictions of real files from beginning to end, and their accuracy."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr
from scipy import signal
from tests.predict.test_train import unseen_and_cross_validated
from tests.workflow.conftest import PARTS, ROOT, Project

from genregraph.datasets.sheet import read_sheet, write_sheet
from genregraph.evaluation.statistics import Interval

pytestmark = pytest.mark.torture

TARGET = "results/predictions.csv"
RATE = 22_050


def barks(count: int = 12, seed: int = 0) -> np.ndarray:
    """Synthetic barks, shape (n,), at `RATE`: noisy bursts with falling pitch and formants."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(count):
        n = int(rng.uniform(0.15, 0.25) * RATE)
        fall = np.linspace(1, 0, n)
        pitch = rng.uniform(0.9, 1.1) * (250 + 250 * fall)
        throat = signal.sawtooth(2 * np.pi * np.cumsum(pitch) / RATE)
        source = throat + 0.7 * rng.standard_normal(n)
        wave = np.zeros(n)
        for low, high, q in ((700, 1200, 5), (1700, 2600, 6)):
            state = np.zeros(2)
            for part in np.array_split(np.arange(n), 20):
                peak = signal.iirpeak(low + (high - low) * fall[part].mean(), q, fs=RATE)
                formant, state = signal.lfilter(*peak, source[part], zi=state)
                wave[part] += formant
        wave *= np.minimum(1, np.arange(n) / (0.01 * RATE)) * fall**0.7
        parts += [wave / np.abs(wave).max() / 2, np.zeros(int(rng.uniform(0.3, 1.0) * RATE))]
    return np.concatenate(parts).astype(np.float32)


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
        "barks": barks(),
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


def report(capsys: pytest.CaptureFixture[str], what: str, accuracy: float, folds: Interval) -> None:
    expected = f"{folds.mean:.4f} ({folds.low:.4f} to {folds.high:.4f})"
    with capsys.disabled():
        print(f"\n{what}: {accuracy:.4f}; by five folds of these {expected}")


def test_unseen_clips_are_predicted_from_audio_as_by_public_features(
    predicted: Project, public_table: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    files = pd.read_csv(predicted.folder / TARGET).set_index("file")
    real = files[files.index.str.count("/") == 2]
    assert len(real) == 30
    right = real["genre"] == real.index.str.split("/").str[1]
    mini = {row.clip for row in read_sheet(ROOT / "config/datasets/gtzan-mini.tsv")}
    clips = public_table["filename"].str.removesuffix(".wav")
    _, interval = unseen_and_cross_validated(public_table[clips.isin(mini)])
    report(capsys, "30 unseen clips of gtzan-mini, by 70", right.mean(), interval)
    assert interval.low <= right.mean() <= interval.high
    assert real["unlike"].sum() <= 3


def test_odd_files_are_what_they_are(predicted: Project) -> None:
    files = pd.read_csv(predicted.folder / TARGET).set_index("file")
    assert files.loc["new/ten minutes.wav", "pieces"] == 20
    assert files.loc["new/ten minutes.wav", "seconds"] == pytest.approx(600, abs=0.1)
    assert files.loc["new/three seconds.wav", "pieces"] == 1
    first = files.loc["new/stereo.mp3", "genre"]
    assert first == files.loc["new/blues/blues.00001.wav", "genre"]
    assert files.loc[["new/noise.wav", "new/barks.wav"], "unlike"].all()
    assert "new/text.mp3" not in files.index
    problems = pd.read_csv(predicted.folder / "results/gtzan-mini/predictions/problems.csv")
    said = problems.set_index("file")["problem"]
    assert said["new/text.mp3"].startswith("unreadable: Format not recognised")


def test_a_thousand_clips_are_predicted_as_cross_validation_says(
    public_table: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    accuracy, interval = unseen_and_cross_validated(public_table)
    report(capsys, "300 unseen clips of gtzan, by 700", accuracy, interval)
    assert interval.low <= accuracy <= interval.high


def test_the_commands_of_init_lead_to_a_result(real_audio: Path, tmp_path: Path) -> None:
    """Word for word, in a folder that holds nothing but twenty clips."""
    for genre in ("blues", "disco", "jazz", "metal"):
        for file in sorted((real_audio / genre).iterdir())[:5]:
            link = tmp_path / "my music" / genre / file.name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    *_, check, result = run(f"{ROOT}/genregraph init 'my music'").splitlines()
    run(check)
    run(result)
    assert (tmp_path / "results/multiclass_knn.csv").is_file()
    song = "'my music/jazz/jazz.00002.wav'"
    printed = run(f"{ROOT}/genregraph predict {song} --configfile config/datasets/my_music.yaml")
    assert "jazz.00002 (jazz, 0.00)" in printed
