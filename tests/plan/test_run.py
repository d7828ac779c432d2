"""What a run can compute, with which memory and threads, planned without Snakemake."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from genregraph.common.errors import UserError
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.folds.protocols import Evaluation
from genregraph.plan.paths import Paths
from genregraph.plan.resources import memory, threads_for
from genregraph.plan.run import Run
from genregraph.plan.step import Job

HOME = Path(__file__).parents[2]
SMALL = {
    "dataset": "small",
    "experiments": {
        "multiclass_small": {"tables": ["mine"], "protocols": ["paper", "clean", "filtered"]}
    },
    "tables": {"mine": "mine.csv"},
}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A sheet of two genres of four artists each, and a table in place of audio."""
    monkeypatch.chdir(tmp_path)
    rows = [
        Row(f"{genre}.{i}", f"{genre}/{i}.wav", genre, artist=f"{genre} {i % 4}")
        for genre in ("blues", "jazz")
        for i in range(8)
    ]
    Path("config/datasets").mkdir(parents=True)
    write_sheet(rows, Path("config/datasets/small.tsv"))
    Path("mine.csv").write_text("clip,a\n" + "".join(f"{row.clip},1\n" for row in rows))
    return Run.of(SMALL, HOME)


def test_protocols_of_the_sheet_are_known_before_any_job(small: Run) -> None:
    assert small.without_audio
    assert [*small.runnable] == ["multiclass_small"]
    allowed = {"paper": Evaluation(10, 1), "clean": Evaluation(4, 1)}
    assert small.protocols["multiclass_small"] == allowed
    files = Paths(small).of_protocols("models")
    folder = "results/small/experiments/multiclass_small"
    assert files == [f"{folder}/paper/models", f"{folder}/clean/models"]
    notes = small.notes()
    assert any("protocol filtered is left out" in note for note in notes)
    assert sum("there is no audio to compute handcrafted" in note for note in notes) == 1


def test_a_folder_without_the_clips_ends_the_plan(small: Run) -> None:
    given = {**SMALL, "tables": {}, "experiments": {}}
    Path("empty/blues").mkdir(parents=True)
    for folder in ("missing", "empty"):
        with pytest.raises(UserError) as error:
            Run.of({**given, "audio": folder}, HOME)
        assert str(error.value) == (
            f"{folder} has none of the sheet's 16 clips (the first would be {folder}/blues/0.wav); "
            "say where they are with --config audio=FOLDER"
        )
    for file in ("0.wav", "2.au", "another.wav"):
        Path("empty/blues", file).touch()
    of_au = {"datasets": {"small": {"extensions": [".wav", ".au"]}}}
    run = Run.of({**given, **of_au, "audio": "empty"}, HOME)
    assert run.files == {"blues.0": "blues/0.wav", "blues.2": "blues/2.au"}


def test_unknown_results_say_what_there_is(small: Run) -> None:
    paths = Paths(small)
    for name in ("multiclass_small.csv", "report.html"):
        assert paths.shown(Job(name=name)) == f"results/small/{name}"
    for name, why in {
        "multiclass_smal.csv": "did you mean 'multiclass_small'",
        "multiclass_knn.csv": "experiment multiclass_knn cannot run: there is no audio",
        "predictions.csv": "--config predict=FOLDER",
    }.items():
        with pytest.raises(UserError, match=why):
            paths.shown(Job(name=name))


def test_users_copy_of_a_dataset_that_has_every_clip_is_not_fetched(small: Run) -> None:
    archive = {"urls": ["gone.zip"], "md5": "0" * 32, "filename": "gone.zip"}
    given = {"tables": {}, "datasets": {"small": {"archive": archive}}, "experiments": {}}
    for row in small.rows:
        run = Run.of(SMALL | given, HOME)
        assert run.unpacks
        path = Path(run.audio, row.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    whole = Run.of(SMALL | given, HOME)
    assert not whole.unpacks
    assert whole.brought_by == ""
    Path(whole.unpacked).touch()  # After the rule has unpacked, its list stays an input.
    assert Run.of(SMALL | given, HOME).brought_by == whole.unpacked


JOB = {"wildcards": None, "input": SimpleNamespace(size_mb=10), "threads": 4}


def test_memory_grows_with_input_and_attempts(tmp_path: Path) -> None:
    assert memory(500)(None, attempt=2) == 1000
    assert memory(500, 3)(**JOB, attempt=2) == 2 * 530
    assert memory(500, 3, by_thread=True)(**JOB, attempt=1) == 2030
    (tmp_path / "table").write_bytes(b"x" * 2_000_000)
    files = [str(tmp_path / "table"), "missing"]
    assert memory(500, 3, lambda job: files)(**JOB, attempt=1) == 536


def test_threads_are_no_more_than_folds() -> None:
    run = SimpleNamespace(protocols={"x": {"clean": Evaluation(1, 1)}})
    assert threads_for(run)(SimpleNamespace(experiment="x", protocol="clean")) == 1
