import hashlib
import json
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from rocrate.rocrate import ROCrate

from genregraph.common.errors import UserError
from genregraph.config.model import load
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.report import crate, verify

EXPERIMENT = "multiclass_small"
MODEL_FILES = ["graphsage.parquet", "graphsage.history.csv", "graphsage.pt"]
ROWS = [
    Row("a", "rock/a b#1.wav", "rock"),
    Row("b", "rock/ü.mp3", "rock"),
    Row("gone", "rock/gone.wav", "rock"),
]
DAY = 1_700_000_000  # 14 November 2023
RECORD = {"code": "0123456789abcdef", "libraries": {"numpy": "9.9.9"}, "options": {"seed": 7}}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def made(tmp_path: Path) -> SimpleNamespace:
    """Results of a protocol, described; each file holds its own path."""
    folder, audio = tmp_path / "results/mine", tmp_path / "audio"
    protocol = folder / f"experiments/{EXPERIMENT}/clean"
    results = [folder / "summary.csv", protocol.parent / "protocols.json", protocol / "leaks.csv"]
    models = [protocol / "models" / name for name in MODEL_FILES]
    hidden = protocol / "models/.snakemake_timestamp"
    for path in [*results, *models, hidden, folder / "left over.csv"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(path.relative_to(folder)))
    for row in ROWS[:2]:
        (audio / row.path).parent.mkdir(parents=True, exist_ok=True)
        (audio / row.path).write_text(row.path)
    md5s = [hashlib.md5(row.path.encode()).hexdigest() for row in ROWS[:2]]
    table = pd.DataFrame({"file": [*(row.path for row in ROWS[:2]), ""], "md5": [*md5s, ""]})
    table.to_parquet(folder / "clips.parquet")
    (protocol / "made-with").mkdir()
    (protocol / "made-with/models.fit.json").write_text(json.dumps(RECORD))
    write_sheet(ROWS, tmp_path / "mine.tsv")
    (tmp_path / "mert.csv").write_text("clip,x\na,1\n")
    config = load({"dataset": "mine", "seed": 7, "experiments": {EXPERIMENT: {}}})
    for path in [*results, *models]:
        os.utime(path, (DAY, DAY))

    def describe() -> str:
        crate.main(
            results,
            folder,
            tmp_path / "mine.tsv",
            config.model_dump_json(),
            folder / "workflow.zip",
            folder / "ro-crate-metadata.json",
            experiment=[EXPERIMENT],
            models=[protocol / "models"],
            clips=[folder / "clips.parquet"],
            table=[f"mert (30s)={tmp_path / 'mert.csv'}"],
        )
        return (folder / "ro-crate-metadata.json").read_text(encoding="utf-8")

    describe()
    return SimpleNamespace(
        folder=folder, audio=audio, results=results, models=models, md5s=md5s, describe=describe
    )


def test_the_librarys_reader_finds_each_result_with_its_digest_and_nothing_else(made) -> None:
    found = ROCrate(made.folder)
    recorded = {Path(e.source): e["sha256"] for e in found.data_entities}
    expected = [*made.results, *made.models, made.folder / "workflow.zip"]
    assert recorded == {path: digest(path.read_bytes()) for path in expected}
    run = found.get("#run")
    assert run["instrument"] is found.mainEntity
    assert {Path(entity.source) for entity in run["result"]} == {*made.results, *made.models}


def test_it_says_what_the_results_were_computed_from(made) -> None:
    found = ROCrate(made.folder)
    inputs = {entity["name"]: entity for entity in found.get("#run")["object"]}
    audio = {entity["name"]: entity["md5"] for entity in found.get_by_type("AudioObject")}
    assert audio == dict(zip([row.path for row in ROWS[:2]], made.md5s, strict=True))
    assert audio.keys() <= inputs.keys()
    assert inputs["mert.csv"]["sha256"] == digest(b"clip,x\na,1\n")
    assert inputs["mert.csv"]["description"] == "table mert (30s)"
    assert inputs["mine.tsv"]["description"] == "sheet"
    assert inputs["seed"]["value"] == 7
    assert inputs["seed"]["exampleOfWork"]["additionalType"] == "Integer"
    assert json.loads(inputs["experiments"]["value"])[EXPERIMENT]["graph"]["k"] == 10


def test_it_says_with_which_code_and_libraries(made) -> None:
    workflow = ROCrate(made.folder).mainEntity
    assert workflow["programmingLanguage"]["name"] == "Snakemake"
    (step,) = workflow["hasPart"]
    assert (step["name"], step["version"]) == ("models.fit", "0123456789abcdef")
    needed = {entity["name"]: entity for entity in workflow["softwareRequirements"]}
    assert needed["numpy"]["version"] == "9.9.9"
    lock = (crate.SCRIPTS.parents[2] / "requirements.lock").read_bytes()
    assert needed["requirements.lock"]["sha256"] == digest(lock)


def test_it_is_a_workflow_run_crate(made) -> None:
    found = ROCrate(made.folder)
    assert {each.id for each in found.root_dataset["conformsTo"]} == set(crate.PROFILES)
    entities = json.loads(made.describe())["@graph"]
    names = [entity["@id"] for entity in entities]
    assert names == sorted(set(names))
    assert not [name for name in names if "left%20over" in name or "left over" in name]


def test_the_same_files_give_the_same_bytes_and_no_time_but_theirs(made) -> None:
    text, packed = made.describe(), (made.folder / "workflow.zip").read_bytes()
    assert made.describe() == text
    assert (made.folder / "workflow.zip").read_bytes() == packed
    dates = {
        entity[key]
        for entity in json.loads(text)["@graph"]
        for key in ("datePublished", "endTime", "dateModified")
        if key in entity
    }
    assert dates == {"2023-11-14"}


def test_the_packed_workflow_is_whole_and_holds_no_results(made) -> None:
    with zipfile.ZipFile(made.folder / "workflow.zip") as archive:
        names = set(archive.namelist())
        home = crate.SCRIPTS.parents[2]
        assert archive.read("Snakefile") == (home / "Snakefile").read_bytes()
    page = "workflow/scripts/genregraph/report/page/page.js"
    for name in (
        "rules/report.smk",
        page,
        "config/config.yaml",
    ):
        assert name in names
    assert {"requirements.lock", "LICENSE", "profiles/default/profile.yaml"} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith("results")]
    assert "config/datasets/mine.tsv" in names


def test_other_settings_and_sheets_and_what_is_hidden_are_not_packed(tmp_path) -> None:
    shipped = [name.replace("**", "a").replace("*", "b") for name in crate.SHIPPED]
    others = ["config/mine.yaml", "config/datasets/other.tsv", "envs/.hidden", "profiles/.c/d"]
    for name in [*shipped, *others]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    sheets = {"config/datasets/mine.tsv": tmp_path / "README.md"}
    crate.pack(tmp_path, sheets, tmp_path / "workflow.zip")
    with zipfile.ZipFile(tmp_path / "workflow.zip") as archive:
        assert set(archive.namelist()) == {*shipped, *sheets}


def test_what_stood_in_for_a_missing_file_is_named_as_what_was_read() -> None:
    clips = pd.DataFrame({"path": ["a.wav", "b.wav"], "file": ["a.au", ""], "md5": ["5a", ""]})
    assert crate.audio_of([clips, clips]) == {"a.au": "5a"}


# report.verify


def test_what_is_as_it_was_is_said_to_be(made, capsys) -> None:
    verify.main(made.folder, made.audio)
    files = len([*made.results, *made.models, *ROWS[:2], "workflow.zip"])
    assert f"all {files} files are as they were recorded" in capsys.readouterr().out


def test_any_changed_byte_of_any_file_shows(made) -> None:
    files = [*made.results, *made.models, made.folder / "workflow.zip", made.audio / ROWS[1].path]
    for path in files:
        content = path.read_bytes()
        for place in (0, len(content) // 2, len(content) - 1):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            with pytest.raises(UserError) as error:
                verify.main(made.folder, made.audio)
            assert str(error.value).splitlines() == [
                f"1 of {len(files) + 1} files:",
                f"  {path} has changed",
            ]
        path.write_bytes(content)
    verify.main(made.folder, made.audio)


def test_a_missing_file_shows(made) -> None:
    made.models[0].unlink()
    with pytest.raises(UserError, match=r"models/graphsage\.parquet is missing"):
        verify.main(made.folder)


@pytest.mark.parametrize("text", [None, "", "{}", '{"@context": "", "@graph": []}'])
def test_what_is_no_crate_is_named_with_how_to_make_it(tmp_path, text) -> None:
    if text is not None:
        (tmp_path / "ro-crate-metadata.json").write_text(text)
    with pytest.raises(UserError, match=r"is no crate .*make it one with\n  snakemake --cores 2 "):
        verify.main(tmp_path)
