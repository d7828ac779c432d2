"""What a user reads who got the configuration or the data wrong."""

import pytest
from tests.workflow.conftest import TARGET, Project


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("datset=demo", "datset: unknown key; did you mean 'dataset'?"),
        ("seed=-1", "seed: must be greater than or equal to 0"),
        ("dataset=none-such", "there is no sheet config/datasets/none-such.tsv"),
        ("sheet=none.tsv", "there is no sheet none.tsv"),
        ("audio=empty", "say where they are with --config audio=FOLDER"),
    ],
)
def test_a_fault_is_named_with_its_mending(unrun: Project, override: str, said: str) -> None:
    printed = unrun.snakemake("--dry-run", TARGET, "--config", override, fails=True)
    assert said in " ".join(printed.split())
    assert "Traceback" not in printed


def test_a_sheet_of_ones_own_can_be_named(unrun: Project) -> None:
    arguments = ["dataset=other", "sheet=config/datasets/mine.tsv", "audio=audio"]
    assert unrun.planned("--config", *arguments)["audit"] >= 3
