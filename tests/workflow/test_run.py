"""A whole run on a dataset that holds every kind of bad clip, one that is fetched, and failures."""

import hashlib
import json
import zipfile

import pandas as pd
from tests.workflow.conftest import HOSTILE_NAME, TARGET, Project, result

FOLDS = "results/mine/experiments/multiclass_compare/paper"
TABLE = f"{HOSTILE_NAME} {{dataset}}.csv"
WITHOUT_AUDIO = ["--config", "audio=none", f"tables={{handcrafted: {json.dumps(TABLE)}}}"]


def test_every_bad_clip_is_listed_and_all_others_are_evaluated(finished: Project) -> None:
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


def test_a_dataset_is_fetched_unpacked_and_audited(fresh: Project) -> None:
    """Among its clips are some in whose names Snakemake sees wildcards."""
    clips = fresh.bytes_of("audio/**/*")
    archive = fresh.folder / "published.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name, content in clips.items():
            packed.writestr(name.replace("audio", "genres-main", 1), content)
    wrong, right = "0" * 32, hashlib.md5(archive.read_bytes()).hexdigest()
    facts = f"{{shards: 3, archive: {{urls: [{archive}], md5: '{wrong}', filename: mine.zip}}}}"
    fresh.edit("small.yaml", "{shards: 3}", facts)
    run = ("--cores", "2", "results/mine/30s/clips.parquet", "--config", "audio=")
    # A wrong checksum leaves nothing, and says what to do.
    assert "By hand: put the archive with MD5" in fresh.snakemake(*run, fails=True)
    assert fresh.bytes_of("resources/**/*") == {}
    fresh.edit("small.yaml", wrong, right)
    fresh.snakemake(*run)
    unpacked = fresh.bytes_of("resources/mine/**/[!.]*")
    assert unpacked == {name.replace("audio", "resources/mine", 1): clips[name] for name in clips}


def test_the_terminal_ends_in_the_reason_the_log_and_what_to_do(fresh: Project) -> None:
    """Also where a table's name would be a command to a shell, and a wildcard to Snakemake."""
    (fresh.folder / TABLE).write_text("clip,x\nblues.0,1\nblues.0,2\n")
    asked = ["--cores", "1", "results/multiclass_handcrafted.csv", *WITHOUT_AUDIO]
    printed = fresh.snakemake(*asked, fails=True)
    *start, reason, log, gap, advice = printed.splitlines()[-6:]
    assert reason.startswith(f"features.imported: tables: {TABLE}: clip 'blues.0' has two rows")
    assert [*start, log, gap, advice] == [
        "1 job failed:",
        "",
        "  log: results/logs/mine/30s/features/features.imported.handcrafted.log",
        "",
        "Mend this and run the same command again: what is done is kept.",
    ]
    assert not (fresh.folder / "x").exists()


def test_who_asks_for_the_impossible_reads_why(unrun: Project) -> None:
    no_audio = "multiclass_compare cannot run: there is no audio to compute compare"
    for words, said in [
        (WITHOUT_AUDIO[1:], no_audio),
        (["datset=demo"], "datset: unknown key; did you mean 'dataset'?"),
        (["sheet=none.tsv"], "there is no sheet none.tsv"),
    ]:
        printed = unrun.snakemake("--dry-run", TARGET, "--config", *words, fails=True)
        assert said in " ".join(printed.split())
        assert "No rule to produce" not in printed
