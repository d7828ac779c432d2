"""What a user reads last when a job has failed, or cannot be."""

import json

from tests.workflow.conftest import HOSTILE_NAME, TARGET, Project

TABLE = f"{HOSTILE_NAME} {{dataset}}.csv"
WITHOUT_AUDIO = ["--config", "audio=none", f"tables={{handcrafted: {json.dumps(TABLE)}}}"]


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
