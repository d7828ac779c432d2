"""What a user reads last when a job has failed."""

from pathlib import Path

from tests.workflow.conftest import TARGET, Project

HANDCRAFTED = "results/multiclass_handcrafted.csv"
UNHEARD = ["--config", "audio=none", "tables={handcrafted: table.csv}"]


def test_the_terminal_ends_in_the_reason_the_log_and_what_to_do(
    unrun: Project, tmp_path: Path
) -> None:
    project = unrun.copy(tmp_path / "project")
    (project.folder / "table.csv").write_text("who,x\nblues.1,1\n")
    printed = project.snakemake(*("--cores", "1", HANDCRAFTED, *UNHEARD), fails=True)
    assert printed.splitlines()[-6:] == [
        "1 job failed:",
        "",
        "features.listed: tables: table.csv: no key column; name it clip or filename",
        "  log: results/logs/mine/30s/features.listed.log",
        "",
        "Mend this and run the same command again: what is done is kept.",
    ]


def test_who_asks_for_an_impossible_experiment_reads_why(unrun: Project) -> None:
    printed = unrun.snakemake("--dry-run", TARGET, *UNHEARD, fails=True)
    assert (
        "experiment multiclass_compare cannot run: there is no audio to compute compare"
        in " ".join(printed.split())
    )
    assert "No rule to produce" not in printed
