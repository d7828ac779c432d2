"""A whole run on a dataset that holds every kind of bad clip."""

import pandas as pd
from tests.workflow.conftest import HOSTILE_NAME, TARGET, Project, result

FOLDS = "results/mine/experiments/multiclass_compare/paper"


def test_every_bad_clip_is_listed_with_what_was_done_and_all_others_evaluated(
    finished: Project,
) -> None:
    table = result(finished, "multiclass_compare")
    assert set(table["n_train"] + table["n_test"]) == {19}
    path = finished.folder / "results/mine/30s/problems.csv"
    listed = pd.read_csv(path, keep_default_na=False).set_index("clip")
    problems = {"text": "unreadable", "raw": "unreadable", "empty": "empty"}
    problems |= {"blink": "too short", "silence": "silent", "nan": "non-finite"}
    assert set(listed.index) == set(problems)
    for clip, problem in problems.items():
        assert listed.loc[clip, "problem"].startswith(problem)
    assert listed["what_was_done"].str.startswith("rejected").all()


def test_a_hostile_name_runs_no_command_and_is_predicted(finished: Project) -> None:
    assert not list(finished.folder.rglob("x"))
    predicted = pd.read_parquet(finished.folder / FOLDS / "models/graphsage.parquet")
    assert {HOSTILE_NAME, "a{b}", "{dataset}"} <= set(predicted["clip"])


def test_every_file_of_a_protocol_is_there_and_none_of_work_in_progress(finished: Project) -> None:
    names = "folds.parquet graph-health.csv graph.npz inputs.npz leaks.csv made-with models"
    assert {path.name for path in (finished.folder / FOLDS).iterdir()} == {*names.split()}
    made = finished.bytes_of("results/*", "results/mine/**/*")
    assert TARGET in made
    assert not [name for name, text in made.items() if ".part-" in name or b".part-" in text]


def test_a_run_ends_in_the_result_also_where_nothing_is_to_be_done(project: Project) -> None:
    (project.folder / TARGET).unlink()
    printed = project.snakemake("--cores", "1", TARGET)
    again = project.snakemake("--cores", "1", TARGET)
    last = printed[printed.index("\nmulticlass_compare on mine\n") :]
    assert again.endswith(last)
    assert last.splitlines()[-1] == f"{TARGET}: copy of results/mine/multiclass_compare.csv"
    assert "problem(s) are listed in" in last
    assert "0.7976" not in last  # The paper's number is not of this dataset.
    assert "1 of 1 jobs |" in printed and "Finished jobid" not in printed
