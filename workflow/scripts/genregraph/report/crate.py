"""Provenance for machines: the results of a dataset as a Workflow Run RO-Crate.

The folder of the dataset's results becomes a crate [1]_ [2]_: a JSON-LD file names every result
with its SHA-256, the audio with the MD5 at which it was read, the configuration, the digests of the
code of every step, and the locked versions of the libraries it imports. The workflow itself is
packed in the same folder. `report.verify` checks the files against the crate.

References
----------
.. [1] S. Soiland-Reyes et al., "Packaging research artefacts with RO-Crate", Data Science 5, 2022.
.. [2] S. Leo et al., "Recording provenance of workflow runs with RO-Crate", PLoS ONE 19, 2024.
"""

import hashlib
import json
import mimetypes
import os
import platform
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import pandas as pd
import typer

from genregraph.common.code import SCRIPTS
from genregraph.common.errors import UserError
from genregraph.evaluation.outputs import pairs
from genregraph.report.provenance import Records, read_records, steps, versions

HOME = SCRIPTS.parents[2]
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
CONTEXTS = [
    "https://w3id.org/ro/crate/1.1/context",
    "https://w3id.org/ro/terms/workflow-run/context",
]
METADATA = "ro-crate-metadata.json"
SNAKEMAKE = {
    "@id": "https://w3id.org/workflowhub/workflow-ro-crate#snakemake",
    "@type": "ComputerLanguage",
    "name": "Snakemake",
    "identifier": {"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
    "url": {"@id": "https://snakemake.readthedocs.io"},
}
NO_LICENCE = (
    "The workflow is under the MIT licence (see LICENSE in workflow.zip). The licence of its "
    "results is not stated (key licence of the configuration)."
)
# What a run of the workflow needs, without the data and their sheet. A user's other settings and
# sheets, which may be private, are not packed.
SHIPPED = (
    "Snakefile Makefile pyproject.toml rules/*.smk workflow/Snakefile workflow/report.rst "
    "workflow/scripts/**/* envs/* profiles/**/* "
    "genregraph config/config.yaml config/experiments.yaml config/config.schema.json "
    "config/README.md config/weights/* requirements.in requirements.lock LICENSE CITATION.cff "
    "README.md"
).split()
FORMATS = mimetypes.MimeTypes()
FORMATS.add_type("application/vnd.apache.parquet", ".parquet")
FORMATS.add_type("application/x-pytorch", ".pt")
TYPES = {bool: "Boolean", int: "Integer", float: "Float"}

Entity = dict[str, Any]


def digest_of(path: Path, kind: str = "sha256") -> str:
    """Digest of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def audio_of(clips: Iterable[pd.DataFrame]) -> dict[str, str]:
    """MD5 by path of the audio files that were read, from tables of clips (``clips.parquet``)."""
    pairs_of = (pair for table in clips for pair in zip(table["file"], table["md5"], strict=True))
    return {file: md5 for file, md5 in pairs_of if md5}


def pack(home: Path, sheets: Mapping[str, Path], output: Path) -> None:
    """Pack the workflow (ZIP); the same files give the same bytes, whenever they were written.

    ``sheets`` are packed with `SHIPPED`, by path in the archive.

    Raises
    ------
    UserError
        If any of `SHIPPED` is missing.
    """
    files = {pattern: [p for p in home.glob(pattern) if p.is_file()] for pattern in SHIPPED}
    if missing := [pattern for pattern, paths in files.items() if not paths]:
        raise UserError(f"{home}: there is no {', '.join(missing)}; copy all of the workflow")
    named = {p.relative_to(home).as_posix(): p for paths in files.values() for p in paths}
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted({**named, **sheets}.items()):
            if "__pycache__" not in name and "/." not in f"/{name}":
                entry = zipfile.ZipInfo(name)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (0o755 if os.access(path, os.X_OK) else 0o644) << 16
                archive.writestr(entry, path.read_bytes())


def entity(identifier: str, kind: str | list[str], **properties: Any) -> Entity:
    """An entity of the crate, with those of its properties that are known."""
    known = {key: value for key, value in properties.items() if value is not None}
    return {"@id": identifier, "@type": kind, **known}


def links(entities: Iterable[Entity]) -> list[Entity]:
    """References to entities."""
    return [{"@id": each["@id"]} for each in entities]


def file_entity(identifier: str, path: Path, kind: str | list[str], **properties: Any) -> Entity:
    """A file with its format, size and digest."""
    return entity(
        identifier,
        kind,
        name=path.name,
        encodingFormat=FORMATS.guess_type(path.name)[0] or "application/octet-stream",
        contentSize=str(path.stat().st_size),
        sha256=digest_of(path),
        **properties,
    )


def stated(name: str, kind: str, key: str, text: str) -> Entity:
    """A person or a licence, which a user states by an address or in words."""
    is_address = text.startswith(("http://", "https://"))
    return entity(quote(text, safe=":/#?&=%") if is_address else f"#{name}", kind, **{key: text})


def inputs_of(
    audio: Mapping[str, str], files: Mapping[str, Path], config: Mapping[str, Any]
) -> list[Entity]:
    """Audio files, by path with their MD5, other files, by description, and the configuration."""
    kinds = ["AudioObject", "CreativeWork"]
    return [
        *(
            entity(f"#audio/{quote(path)}", kinds, name=path, md5=md5)
            for path, md5 in sorted(audio.items())
        ),
        *(
            file_entity(f"#file/{quote(name)}", path, "CreativeWork", description=name)
            for name, path in files.items()
        ),
        *(
            entity(
                f"#value/{key}",
                "PropertyValue",
                name=key,
                value=value if isinstance(value, str | int | float) else json.dumps(value),
                exampleOfWork={"@id": f"#parameter/{key}"},
            )
            for key, value in config.items()
        ),
    ]


def workflow_entities(path: Path, config: Mapping[str, Any], records: Records) -> list[Entity]:
    """The workflow; its parameters, its steps, and the versions locked for them."""
    lock, citation = HOME / "requirements.lock", (HOME / "CITATION.cff").read_text("utf-8")
    kinds = {key: TYPES.get(type(value), "Text") for key, value in config.items()}
    parameters = [
        entity(f"#parameter/{key}", "FormalParameter", name=key, additionalType=kind)
        for key, kind in kinds.items()
    ]
    about = "Its version is the digest of the code that it runs."
    parts = [
        entity(f"#step/{name}", "SoftwareSourceCode", name=name, description=about, version=code)
        for name, code in ((step["step"], " ".join(step["code"])) for step in steps(records))
    ]
    addresses = {
        (name, version): f"https://pypi.org/project/{name}/{version}/"
        for name, version in versions(records).items()
    }
    addresses["python", platform.python_version()] = "https://www.python.org/"
    required = [
        entity(address, "SoftwareApplication", name=name, version=version, url=address)
        for (name, version), address in addresses.items()
    ]
    required.append(
        entity("#requirements.lock", "CreativeWork", name=lock.name, sha256=digest_of(lock))
    )
    workflow = file_entity(
        path.name,
        path,
        ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        description="genregraph. Its Snakefile is at the top of the archive.",
        version=re.findall(r"^version: (\S+)$", citation, re.MULTILINE)[0],
        programmingLanguage={"@id": SNAKEMAKE["@id"]},
        conformsTo={"@id": BIOSCHEMAS},
        input=links(parameters),
        hasPart=links(parts),
        softwareRequirements=links(required),
    )
    profile = entity(BIOSCHEMAS, "CreativeWork", name="ComputationalWorkflow")
    return [workflow, profile, SNAKEMAKE, *parameters, *parts, *required]


def describe(
    folder: Path, results: Sequence[Path], workflow: Sequence[Entity], inputs: Sequence[Entity]
) -> str:
    """The metadata file (JSON-LD) of the crate that is the folder of a dataset's results.

    ``workflow`` and ``inputs`` are made by `workflow_entities` and `inputs_of`.
    """
    newest = max(path.stat().st_mtime for path in results)
    day = datetime.fromtimestamp(newest, UTC).date().isoformat()
    config = {e["name"]: e["value"] for e in inputs if e["@type"] == "PropertyValue"}
    dataset, by = config["dataset"], config.get("author", "null")
    authors = [stated("author", "Person", "name", by)] if by != "null" else []
    author = {"@id": authors[0]["@id"]} if authors else None
    terms = config.get("licence", "null")
    terms = NO_LICENCE if terms == "null" else terms
    licence = stated("licence", "CreativeWork", "description", terms)
    outputs = [file_entity(quote(str(p.relative_to(folder))), p, "File") for p in results]
    profiles = [
        entity(url, "CreativeWork", name=name, version=url.rpartition("/")[2])
        for url, name in PROFILES.items()
    ]
    run = entity(
        "#run",
        "CreateAction",
        name=f"Run of genregraph on {dataset}",
        description="Its end is the day on which the newest of its results was written.",
        endTime=day,
        agent=author,
        instrument=links(workflow)[0],
        object=links(inputs),
        result=links(outputs),
    )
    root = entity(
        "./",
        "Dataset",
        name=f"genregraph: results on {dataset}",
        description=f"Music genre recognition by graph neural networks on dataset {dataset}: "
        "results of the Snakemake workflow genregraph, and what they were computed from.",
        author=author,
        license={"@id": licence["@id"]},
        datePublished=day,
        conformsTo=links(profiles),
        mainEntity=links(workflow)[0],
        mentions={"@id": "#run"},
        hasPart=links([workflow[0], *outputs]),
    )
    standards = [{"@id": "https://w3id.org/ro/crate/1.1"}, links(profiles)[2]]
    about = entity(METADATA, "CreativeWork", about={"@id": "./"}, conformsTo=standards)
    graph = [about, root, run, licence, *authors, *profiles, *workflow, *inputs, *outputs]
    crate = {"@context": CONTEXTS, "@graph": sorted(graph, key=lambda each: each["@id"])}
    return json.dumps(crate, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(
    files: Annotated[list[Path], typer.Argument(help="Results, below the folder.")],
    folder: Annotated[Path, typer.Option(help="Folder of the dataset: the crate.")],
    sheet: Annotated[Path, typer.Option(help="Its sheet.")],
    config: Annotated[str, typer.Option(help="Configuration of the run (JSON).")],
    workflow: Annotated[Path, typer.Option(help="The workflow, to be written (ZIP).")],
    output: Annotated[Path, typer.Option(help="The crate's metadata, to be written (JSON-LD).")],
    experiment: Annotated[list[str] | None, typer.Option(help="One that was run.")] = None,
    models: Annotated[
        list[Path] | None, typer.Option(help="Folder of a protocol's models.")
    ] = None,
    clips: Annotated[list[Path] | None, typer.Option(help="Clips with audio (Parquet).")] = None,
    table: Annotated[list[str] | None, typer.Option(help="NAME=FILE: an imported table.")] = None,
) -> None:
    """Describe the results of a dataset, and what they were computed from, as an RO-Crate."""
    of_models = [path for each in models or [] for path in sorted(each.iterdir())]
    results = [*files, *(path for path in of_models if not path.name.startswith("."))]
    tables = {f"table {name}": Path(path) for name, path in pairs(table).items()}
    audio = audio_of([pd.read_parquet(path) for path in clips or []])
    pack(HOME, {f"config/datasets/{folder.name}.tsv": sheet}, workflow)
    values = json.loads(config)
    of_workflow = workflow_entities(workflow, values, read_records(folder, experiment or []))
    inputs = inputs_of(audio, {"sheet": sheet, **tables}, values)
    output.write_text(describe(folder, results, of_workflow, inputs), encoding="utf-8")
