"""New music is predicted by the workflow and by its wrapper, each file by itself."""

import shlex

import numpy as np
import pandas as pd
import soundfile
from pandas.testing import assert_frame_equal
from tests.workflow.conftest import HOSTILE_NAME, RATE, Project, tune

TARGET = "results/predictions.csv"
HERE = "results/mine/predictions"
HOSTILE = f"new/{HOSTILE_NAME} {{dataset}}/=1+1\n#.wav"
SMALL = """
predict_by: multiclass_small
experiments:
  multiclass_small:
    drop: [length]
    protocols: [clean, inductive]
    clean: {folds: 2, unknown_artist: alone}
    models: [lda, logistic, label_spreading]
    search: false
    graph: {k: 5}
    graphsage: {hidden: 8, epochs: 5}
"""


def write_new(project: Project) -> None:
    """A long stereo mp3, a short file of hostile name, noise, and what is no music."""
    (project.folder / HOSTILE).parent.mkdir(parents=True)
    soundfile.write(project.folder / HOSTILE, tune(1, 20, seconds=3), RATE)
    long = np.concatenate([tune(n % 3, n, seconds=13, rate=44_100) for n in range(5)])
    stereo = np.stack([long, long / 2], axis=1)
    soundfile.write(project.folder / "new/long.mp3", stereo, 44_100, format="MP3")
    noise = np.random.default_rng(0).standard_normal(3 * RATE) / 10
    soundfile.write(project.folder / "new/noise.wav", noise, RATE)
    (project.folder / "new/text.mp3").write_text("no music\n" * 1000)
    (project.folder / "new/cover.jpg").touch()


def test_new_files_are_predicted_each_by_itself(project: Project) -> None:
    write_new(project)
    project.edit("small.yaml", "\nexperiments:\n", SMALL)
    artists = pd.DataFrame({"file": [HOSTILE, "new/long.mp3"], "artist": ["Ann", "ann"]})
    artists.to_csv(project.folder / "artists.csv", index=False)
    words = ["predict=new", "predict_artists=artists.csv"]
    printed = project.snakemake("--cores", "2", TARGET, "--config", *words)
    files = pd.read_csv(project.folder / TARGET).set_index("file")
    assert sorted(files.index) == sorted([HOSTILE, "new/long.mp3", "new/noise.wav"])
    assert files["pieces"].to_dict()["new/long.mp3"] == 2
    assert set(files["genre"]) <= {"blues", "jazz", "odd"}
    together = files["genre_by_artist"].dropna()
    assert sorted(together.index) == sorted(artists["file"]) and together.nunique() == 1
    trained = project.folder.glob("results/mine/experiments/multiclass_small/*/models")
    assert [path.parent.name for path in trained] == ["inductive"]
    assert f"Predicted by {files['model'].iloc[0]} of multiclass_small, trained on" in printed
    assert "Under protocol inductive its accuracy is" in printed
    assert files.loc["new/noise.wav", "unlike"]
    assert not files.loc[HOSTILE, "unlike"]
    problems = pd.read_csv(project.folder / HERE / "problems.csv").set_index("file")
    assert problems.loc["new/text.mp3", "problem"].startswith("unreadable: Format not recognised")
    assert not list(project.folder.rglob("x"))
    assert "new/text.mp3: unreadable" in printed
    assert "passed over: 1 with extension .jpg: 'new/cover.jpg'" in printed
    assert {f"{HERE}/neighbours.csv", f"{HERE}/pieces.csv"} < project.bytes_of(f"{HERE}/*").keys()
    assert not list(project.folder.glob(f"{HERE}/*/samples.parquet"))
    assert project.planned("--config", *words, target=TARGET) == {}

    # Alone, and by the wrapper, a file is what it was among others, to the last digit.
    together = pd.read_csv(project.folder / HERE / "pieces.csv")
    printed = project.run("./genregraph", "predict", HOSTILE, "--configfile", "small.yaml")
    assert f"new/{HOSTILE_NAME} {{dataset}}/=1+1\ufffd#.wav (3 s)" in printed
    assert "nearest: " in printed
    alone = pd.read_csv(project.folder / HERE / "pieces.csv")
    among = together[together["file"] == HOSTILE].reset_index(drop=True)
    assert_frame_equal(alone, among)


def test_the_commands_that_init_prints_run_as_they_are_printed(fresh: Project) -> None:
    printed = fresh.run("./genregraph", "init", "audio/../audio", "--name", "my music")
    assert printed.startswith("config/datasets/my_music.tsv: ")
    *_, following, check, snakemake = printed.splitlines()
    assert following == "Next:"
    assert shlex.split(check)[0] == "./genregraph"
    faults = fresh.run("bash", "-c", check, fails=True)
    assert "'odd/raw.wav', 'odd/text.wav'" in faults and "3 fault(s)" in faults
    fresh.run("bash", "-c", f"{snakemake} --dry-run --quiet all")
