import importlib
import os
import re
from inspect import signature
from pathlib import Path
from typing import Annotated

import pytest
import typer

from settings.whole import outputs, whole

ROOT = Path(__file__).resolve().parents[2]
RULES = "\n".join(path.read_text("utf-8") for path in sorted(ROOT.glob("rules/*.smk")))
# A download's own .part is resumed; the others write folders, file by file.
OTHERWISE = ("audio.fetch", "audio.unpack", "demo.synthesise")
WITH_WILDCARDS = {"features.{wildcards.table}": "features.compare", "{params.step}": "report.clips"}
# Each rule's step and options, from its shell command: several strings, one a line.
COMMANDS = [
    re.sub(r"^\{params.cache:q\} ", "", re.sub(r"['\"]\n\s+['\"]", "", text))
    for text in re.findall(r'\n +\'python "\$GENREGRAPH" (.*(?:\n +[\'"].*)*)', RULES)
    if not text.startswith(OTHERWISE)
]
Output = Annotated[Path, typer.Option(help="Table, to be written (CSV).")]


def step(
    read: Annotated[Path, typer.Option(help="What is read.")],
    output: Output,
    more: Annotated[Path, typer.Option(help="Text, to be written.")],
    fails: bool = False,
) -> None:
    output.write_text("half")
    if fails:
        raise ValueError
    output.write_text(f"{output.name}: {read.read_text()}")
    more.write_text("more")


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "a").write_text("abc")
    return {"read": tmp_path / "a", "output": tmp_path / "b[1].csv", "more": tmp_path / "c"}


def contents(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_outputs_are_there_when_the_step_has_ended_well(tmp_path, paths) -> None:
    whole(step)(**paths)
    assert contents(tmp_path) == {"a": "abc", "b[1].csv": "b[1].csv: abc", "c": "more"}
    assert len(list(tmp_path.iterdir())) == 3


def test_what_was_there_stays_where_the_step_fails(tmp_path, paths) -> None:
    paths["output"].write_text("old")
    with pytest.raises(ValueError):
        whole(step)(**paths, fails=True)
    assert contents(tmp_path) == {"a": "abc", "b[1].csv": "old"}
    assert len(list(tmp_path.iterdir())) == 2


def test_what_a_killed_one_left_is_removed_and_nothing_else(tmp_path, paths) -> None:
    for name in ("b[1].csv", "b1.csv"):
        (tmp_path / f".part-{name}-x").mkdir()
        (tmp_path / f".part-{name}-x/{name}").write_text("half")
    whole(step)(**paths)
    assert [p for p in contents(tmp_path) if "part" in p] == [".part-b1.csv-x/b1.csv"]


def test_one_that_was_taken_for_dead_writes_into_nothing(tmp_path, paths) -> None:
    """As where Snakemake alone was killed, and the same job runs twice."""

    def slow(output: Output) -> None:
        whole(step)(**paths)
        output.write_text("late")

    with pytest.raises(FileNotFoundError):
        whole(slow)(output=paths["output"])
    assert paths["output"].read_text() == "b[1].csv: abc"


def test_a_folder_takes_the_place_of_another(tmp_path) -> None:
    def write(output: Output) -> None:
        output.mkdir()
        (output / "new").touch()

    (tmp_path / "made").mkdir()
    (tmp_path / "made/old").touch()
    for name in ("made", "more"):
        whole(write)(output=tmp_path / name)
    assert sorted(map(str, (path.relative_to(tmp_path) for path in tmp_path.rglob("*")))) == [
        *("made", "made/new", "more", "more/new")
    ]


def test_a_device_or_a_link_is_not_replaced(tmp_path, paths) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    whole(step)(read=paths["read"], output=link, more=Path(os.devnull))
    assert link.is_symlink() and (tmp_path / "elsewhere").read_text() == "link: abc"
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_output_of_every_rule_is_written_aside(command: str) -> None:
    name, options = re.match(r"(\S+) (.*)", command).groups()
    main = importlib.import_module(WITH_WILDCARDS.get(name, name)).main
    parameters = signature(main, eval_str=True).parameters
    stated = {name: parameters[name].annotation.__metadata__[0].default for name in outputs(main)}
    known = {f"--{name}" if given is ... else given for name, given in stated.items()}
    assert set(re.findall(r"(--[\w-]+) \{output", options)) == known


def test_that_is_of_all_rules() -> None:
    assert len(COMMANDS) == RULES.count('"$GENREGRAPH"') - 1 - len(OTHERWISE) > 25
