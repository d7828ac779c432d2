import hashlib
import json
import os
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml
from rocrate.rocrate import ROCrate

from genregraph.common.errors import UserError
from genregraph.config.load import load
from genregraph.datasets.sheet import Row, write_sheet
from genregraph.report import crate, verify

EXPERIMENT, HOME = "multiclass_small", crate.HOME
MODEL_FILES = ["graphsage.parquet", "graphsage.history.csv", "graphsage.pt"]
PATHS = {"a": "rock/a b#1.wav", "b": "rock/ü.mp3", "gone": "rock/gone.wav"}
ROWS = [Row(clip, path, "rock") for clip, path in PATHS.items()]
TABLE = "clip,x\na,1\n"
DAY = 1_700_000_000  # 14 November 2023
RECORD = {"code": "0123456789abcdef", "libraries": {"numpy": "9.9.9"}, "options": {"seed": 7}}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def made(tmp_path: Path) -> SimpleNamespace:
    """Results of a protocol, described; each file holds its own path."""

    def write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (DAY, DAY))

    folder, audio = tmp_path / "results/mine", tmp_path / "audio"
    protocol = folder / f"experiments/{EXPERIMENT}/clean"
    results = [folder / "summary.csv", protocol.parent / "protocols.json", protocol / "leaks.csv"]
    models = [protocol / "models" / name for name in MODEL_FILES]
    for path in [*results, *models, protocol / "models/.hidden", folder / "left over.csv"]:
        write(path, str(path.relative_to(folder)))
    for row in ROWS[:2]:
        write(audio / row.path, row.path)
    md5s = {row.path: hashlib.md5(row.path.encode()).hexdigest() for row in ROWS[:2]}
    table = pd.DataFrame([*md5s.items(), ("", "")], columns=["file", "md5"])
    table.to_parquet(folder / "clips.parquet")
    write(protocol / "made-with/models.fit.0123456789abcdef.json", json.dumps(RECORD))
    write_sheet(ROWS, tmp_path / "mine.tsv")
    write(tmp_path / "mert.csv", TABLE)
    config = load({"dataset": "mine", "seed": 7, "experiments": {EXPERIMENT: {}}})

    def describe(**stated: str) -> str:
        crate.main(
            results,
            tmp_path / "mine.tsv",
            config.model_copy(update=stated).model_dump_json(),
            folder / "workflow.zip",
            folder / "ro-crate-metadata.json",
            experiment=[EXPERIMENT],
            models=[protocol / "models"],
            clips=[folder / "clips.parquet"],
            table=[f"mert (30s)={tmp_path / 'mert.csv'}"],
        )
        return (folder / "ro-crate-metadata.json").read_text(encoding="utf-8")

    describe()
    described = [*results, *models]
    return SimpleNamespace(
        folder=folder, audio=audio, results=described, md5s=md5s, describe=describe
    )


def test_crate_names_results_inputs_code_and_versions(made) -> None:
    described = ROCrate(made.folder)
    recorded = {Path(e.source): e["sha256"] for e in described.data_entities}
    expected = [*made.results, made.folder / "workflow.zip"]
    assert recorded == {path: digest(path.read_bytes()) for path in expected}
    run, workflow = described.get("#run"), described.mainEntity
    assert run["instrument"] is workflow
    assert {Path(entity.source) for entity in run["result"]} == {*made.results}

    inputs = {entity["name"]: entity for entity in run["object"]}
    audio = {entity["name"]: entity["md5"] for entity in described.get_by_type("AudioObject")}
    assert audio == made.md5s
    assert audio.keys() <= inputs.keys()
    assert inputs["mert.csv"]["sha256"] == digest(TABLE.encode())
    assert inputs["mert.csv"]["description"] == "table mert (30s)"
    assert inputs["mine.tsv"]["encodingFormat"] == "text/tab-separated-values"
    assert inputs["seed"]["value"] == 7
    assert inputs["seed"]["exampleOfWork"]["additionalType"] == "Integer"
    assert json.loads(inputs["experiments"]["value"])[EXPERIMENT]["graph"]["k"] == 10

    assert workflow["programmingLanguage"]["name"] == "Snakemake"
    assert workflow["version"] == yaml.safe_load((HOME / "CITATION.cff").read_text())["version"]
    (step,) = workflow["hasPart"]
    assert (step["name"], step["version"]) == ("models.fit", "0123456789abcdef")
    needed = {entity["name"]: entity for entity in workflow["softwareRequirements"]}
    assert needed["numpy"].id == "https://pypi.org/project/numpy/9.9.9/"
    lock = (HOME / "requirements.lock").read_bytes()
    assert needed["requirements.lock"]["sha256"] == digest(lock)


def test_crate_has_author_and_licence_of_the_configuration(made) -> None:
    assert "MIT" in ROCrate(made.folder).root_dataset["license"]["description"]
    made.describe(author="https://orcid.org/0000-0002-1825-0097", licence="Ask us.")
    described = ROCrate(made.folder)
    assert described.root_dataset["author"].id == "https://orcid.org/0000-0002-1825-0097"
    assert described.get("#run")["agent"] is described.root_dataset["author"]
    assert described.root_dataset["license"]["description"] == "Ask us."


def test_crate_has_the_same_bytes_and_no_other_time(made) -> None:
    text, packed = made.describe(), (made.folder / "workflow.zip").read_bytes()
    assert made.describe() == text
    assert (made.folder / "workflow.zip").read_bytes() == packed
    entities = json.loads(text)["@graph"]
    names = [entity["@id"] for entity in entities]
    assert names == sorted(set(names))
    dates = ("datePublished", "endTime", "dateModified")
    assert {e[date] for e in entities for date in dates if date in e} == {"2023-11-14"}


def test_packed_workflow_runs_where_it_is_unpacked(made, tmp_path) -> None:
    subprocess.run(["unzip", "-q", made.folder / "workflow.zip", "-d", tmp_path / "w"], check=True)
    home = tmp_path / "w"
    assert (home / "config/datasets/mine.tsv").read_bytes()
    plan = subprocess.run(["make", "-n", "run"], cwd=home, capture_output=True, text=True)
    assert "snakemake" in plan.stdout, plan.stderr
    helped = subprocess.run([home / "genregraph", "--help"], capture_output=True, text=True)
    assert "predict" in helped.stdout, helped.stderr


def test_packed_workflow_has_no_other_settings_and_hidden_files(tmp_path) -> None:
    shipped = [name.replace("**", "a").replace("*", "b") for name in crate.SHIPPED]
    others = ["config/mine.yaml", "config/datasets/other.tsv", "envs/.hidden", "profiles/.c/d"]
    for name in [*shipped, *others]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    sheets = {"config/datasets/mine.tsv": tmp_path / "README.md"}
    crate.pack(tmp_path, sheets, tmp_path / "workflow.zip")
    with zipfile.ZipFile(tmp_path / "workflow.zip") as archive:
        assert set(archive.namelist()) == {*shipped, *sheets}


def test_verify_finds_any_changed_byte(made, capsys) -> None:
    files = [*made.results, made.folder / "workflow.zip", made.audio / ROWS[1].path]
    for path in files:
        content = path.read_bytes()
        for place in (0, len(content) - 1):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            with pytest.raises(UserError) as error:
                verify.main(made.folder, made.audio)
            lines = [f"1 of {len(files) + 1} files:", f"  {path} has changed"]
            assert str(error.value).splitlines() == lines
        path.write_bytes(content)
    verify.main(made.folder, made.audio)
    assert f"all {len(files) + 1} files are as they were recorded" in capsys.readouterr().out
    made.results[0].unlink()
    with pytest.raises(UserError, match=r"summary\.csv is missing"):
        verify.main(made.folder)


@pytest.mark.parametrize("text", [None, "", "{}", '{"@context": "", "@graph": []}'])
def test_verify_needs_a_crate(tmp_path, text) -> None:
    if text is not None:
        (tmp_path / "ro-crate-metadata.json").write_text(text)
    with pytest.raises(UserError, match=r"is no crate .*make it one with\n  snakemake --cores 2 "):
        verify.main(tmp_path)
