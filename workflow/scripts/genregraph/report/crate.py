"""What was computed from what, for machines: the results of a dataset as a Workflow Run RO-Crate.

The folder of the dataset's results becomes a crate [1]_ [2]_: a JSON-LD file names every result
with its SHA-256, the audio with the MD5 at which it was read, the configuration, the digests of the
code of every step, and the locked versions of the libraries it imports. The workflow itself is
packed in the same folder. `report.verify` says whether a file is still what the crate says.

References
----------
.. [1] S. Soiland-Reyes et al., "Packaging research artefacts with RO-Crate", Data Science 5, 2022.
.. [2] S. Leo et al., "Recording provenance of workflow runs with RO-Crate", PLoS ONE 19, 2024.
"""

import hashlib
import json
import platform
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import pandas as pd
import typer
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from genregraph.common.code import SCRIPTS
from genregraph.common.errors import UserError
from genregraph.report.page.tables import pairs
from genregraph.report.provenance import read_records, steps, versions

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
LICENCE = (
    "The workflow is under the MIT licence (see LICENSE in workflow.zip). How its results may be "
    "used is for those to say who computed them, and whose music it was."
)
# What a run of the workflow needs, without the data and their sheet. A user's other settings and
# sheets, which may be nobody else's business, are not packed.
SHIPPED = (
    "Snakefile rules/*.smk workflow/scripts/**/* envs/* profiles/**/* genregraph "
    "config/config.yaml config/experiments.yaml config/config.schema.json config/README.md "
    "config/weights/* "
    "requirements.in requirements.lock LICENSE CITATION.cff README.md"
).split()
FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".pt": "application/x-pytorch",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".zip": "application/zip",
}
TYPES = {bool: "Boolean", int: "Integer", float: "Float"}

Records = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Read:
    """What a run read.

    Attributes
    ----------
    audio : mapping of str to str
        MD5 of each audio file, by its path in the audio folder.
    files : mapping of str to Path
        Sheet and imported tables, by what they are called in the crate.
    config : mapping
        The configuration.
    """

    audio: Mapping[str, str]
    files: Mapping[str, Path]
    config: Mapping[str, Any]


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def day_of(paths: Iterable[Path]) -> str:
    """Day (UTC) on which the newest of some files was written."""
    newest = max(path.stat().st_mtime for path in paths)
    return datetime.fromtimestamp(newest, UTC).date().isoformat()


def audio_of(clips: Sequence[pd.DataFrame]) -> dict[str, str]:
    """MD5 of the audio files that were read, by path in the audio folder.

    Parameters
    ----------
    clips : sequence of pd.DataFrame
        Lists of clips with columns ``file`` and ``md5``; one that could not be read has none.
    """
    found: dict[str, str] = {}
    for table in clips:
        found |= zip(table["file"], table["md5"], strict=True)
    return {file: md5 for file, md5 in found.items() if md5}


def pack(home: Path, sheets: Mapping[str, Path], output: Path) -> None:
    """Pack the workflow's files; the same files give the same bytes, whenever they were written.

    Parameters
    ----------
    home : Path
        Folder of the workflow.
    sheets : mapping of str to Path
        What is packed with `SHIPPED`, by its path in the archive.
    output : Path
        To be written (ZIP).

    Raises
    ------
    UserError
        If any of `SHIPPED` is missing.
    """
    found = {
        pattern: [path for path in home.glob(pattern) if path.is_file()] for pattern in SHIPPED
    }
    if missing := [pattern for pattern, files in found.items() if not files]:
        raise UserError(f"{home}: there is no {', '.join(missing)}; copy the workflow whole")
    paths = {path for files in found.values() for path in files}
    named = {path.relative_to(home).as_posix(): path for path in paths} | dict(sheets)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(named.items()):
            if "__pycache__" not in name and "/." not in f"/{name}":
                entry = zipfile.ZipInfo(name)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                archive.writestr(entry, path.read_bytes())


def crate(
    folder: Path, results: Sequence[Path], workflow: Path, read: Read, records: Records
) -> ROCrate:
    """Describe a run.

    Parameters
    ----------
    folder : Path
        The dataset's results: the crate.
    results : sequence of Path
        Files below it.
    workflow : Path
        As `pack` writes it; it lies in that folder when the run has ended.
    read : Read
    records : mapping of str to mapping
        As `report.provenance.read_records` gives them.
    """
    found = ROCrate(version="1.1")
    found.metadata.extra_contexts.append(TERMS)
    day = day_of(results)
    root = found.root_dataset
    dataset = read.config["dataset"]
    root["name"] = f"genregraph: results on {dataset}"
    root["description"] = (
        f"Music genre recognition by graph neural networks on dataset {dataset}: results of the "
        "Snakemake workflow genregraph, with what they were computed from."
    )
    root["license"] = _add(found, "#licence", "CreativeWork", name="Licence", description=LICENCE)
    root["datePublished"] = day
    root["conformsTo"] = [
        _add(found, url, "CreativeWork", name=name, version=url.rpartition("/")[2])
        for url, name in PROFILES.items()
    ]
    instrument = _workflow(found, workflow, read.config, records)
    outputs = [_file(found, folder, path) for path in results]
    root["mentions"] = _add(
        found,
        "#run",
        "CreateAction",
        name=f"Run of genregraph on {dataset}",
        description="Its end is the day on which the newest of its results was written.",
        endTime=day,
        instrument=instrument,
        object=_inputs(found, read),
        result=outputs,
    )
    return found


def _add(
    found: ROCrate, identifier: str, kind: str | list[str], /, **properties: Any
) -> ContextEntity:
    """Add what is no file of the crate."""
    return found.add(ContextEntity(found, identifier, properties={"@type": kind, **properties}))


def _file(found: ROCrate, folder: Path, path: Path) -> Any:
    return found.add_file(path, path.relative_to(folder), properties=_facts(path))


def _facts(path: Path) -> dict[str, str]:
    return {
        "name": path.name,
        "encodingFormat": FORMATS.get(path.suffix, "application/octet-stream"),
        "contentSize": str(path.stat().st_size),
        "sha256": sha256(path),
    }


def _workflow(found: ROCrate, path: Path, config: Mapping[str, Any], records: Records) -> Any:
    """Add the workflow with its parameters and steps, and the versions locked for them."""
    lock = SCRIPTS.parents[2] / "requirements.lock"
    pinned = {"python": platform.python_version()} | versions(records)
    workflow = found.add_workflow(
        path, path.name, main=True, lang="snakemake", properties=_facts(path)
    )
    workflow["name"] = "genregraph"
    workflow["description"] = "Its Snakefile stands at the top of the archive."
    workflow["input"] = [
        _add(
            found,
            f"#parameter/{key}",
            "FormalParameter",
            name=key,
            additionalType=TYPES.get(type(value), "Text"),
        )
        for key, value in config.items()
    ]
    workflow["hasPart"] = [
        _add(
            found,
            f"#step/{step['step']}",
            "SoftwareApplication",
            name=step["step"],
            description="Its version is the digest of the code that it runs.",
            version=" ".join(step["code"]),
        )
        for step in steps(records)
    ]
    workflow["softwareRequirements"] = [
        _add(found, "#requirements.lock", "CreativeWork", name=lock.name, sha256=sha256(lock)),
        *(
            _add(found, f"#library/{name}", "SoftwareApplication", name=name, version=version)
            for name, version in pinned.items()
        ),
    ]
    return workflow


def _inputs(found: ROCrate, read: Read) -> list[ContextEntity]:
    audio = [
        _add(found, f"#audio/{quote(path)}", ["AudioObject", "CreativeWork"], name=path, md5=md5)
        for path, md5 in sorted(read.audio.items())
    ]
    files = [
        _add(found, f"#file/{quote(name)}", "CreativeWork", **_facts(path), description=name)
        for name, path in read.files.items()
    ]
    values = [
        _add(
            found,
            f"#value/{key}",
            "PropertyValue",
            name=key,
            value=value if isinstance(value, str | int | float) else json.dumps(value),
            exampleOfWork={"@id": f"#parameter/{key}"},
        )
        for key, value in read.config.items()
    ]
    return [*audio, *files, *values]


def text_of(found: ROCrate) -> str:
    """The crate's metadata file; entities in the order of their names."""
    metadata = found.metadata.generate()
    metadata["@graph"] = sorted(metadata["@graph"], key=lambda entity: entity["@id"])
    return json.dumps(metadata, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def of_models(folders: Iterable[Path]) -> list[Path]:
    """Files of models, without those that Snakemake keeps there for itself.

    Parameters
    ----------
    folders : iterable of Path
        One of each protocol.
    """
    return [
        path
        for folder in folders
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".")
    ]


def main(
    files: Annotated[list[Path], typer.Argument(help="Results, below the folder.")],
    folder: Annotated[Path, typer.Option(help="Folder of the dataset: the crate.")],
    sheet: Annotated[Path, typer.Option(help="Its sheet.")],
    config: Annotated[str, typer.Option(help="Configuration of the run (JSON).")],
    workflow: Annotated[Path, typer.Option(help="The workflow, to be written (ZIP).")],
    output: Annotated[Path, typer.Option(help="The crate's metadata, to be written (JSON-LD).")],
    experiment: Annotated[list[str] | None, typer.Option(help="One that was run.")] = None,
    models: Annotated[
        list[Path] | None, typer.Option(help="Folder of models, of a protocol.")
    ] = None,
    clips: Annotated[
        list[Path] | None, typer.Option(help="Lists of clips whose audio was read (Parquet).")
    ] = None,
    table: Annotated[list[str] | None, typer.Option(help="NAME=FILE: an imported table.")] = None,
) -> None:
    """Describe the results of a dataset, and what they were computed from, as an RO-Crate."""
    results = [*files, *of_models(models or [])]
    tables = pairs(table)
    read = Read(
        audio_of([pd.read_parquet(path) for path in clips or []]),
        {"sheet": sheet} | {f"table {name}": Path(path) for name, path in tables.items()},
        json.loads(config),
    )
    pack(SCRIPTS.parents[2], {f"config/datasets/{folder.name}.tsv": sheet}, workflow)
    found = crate(folder, results, workflow, read, read_records(folder, experiment or []))
    output.write_text(text_of(found), encoding="utf-8")
