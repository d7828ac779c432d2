"""Provenance for machines: results of a dataset as a Workflow Run RO-Crate (Leo et al. 2024).

A JSON-LD file names every result with its SHA-256, the audio with the MD5 at which it was read, the
configuration, the digests of the code of every step, and the locked versions of libraries.
"""

import hashlib
import json
import mimetypes
import os
import platform
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import pandas as pd
import typer
from rocrate.model import ContextEntity, DataEntity
from rocrate.model.computerlanguage import get_lang
from rocrate.rocrate import ROCrate

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
NO_LICENCE = (
    "The workflow is under the MIT licence (see LICENSE in workflow.zip). The licence of its "
    "results is not stated (key licence of the configuration)."
)
# What a run needs without the data; a user's other settings and sheets may be private.
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


def digest_of(path: Path, kind: str = "sha256") -> str:
    """Digest of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def pack(home: Path, sheets: Mapping[str, Path], output: Path) -> None:
    """Pack `SHIPPED` and sheets, by path in the archive (ZIP); same files give the same bytes."""
    files = {pattern: [p for p in home.glob(pattern) if p.is_file()] for pattern in SHIPPED}
    if missing := [pattern for pattern, paths in files.items() if not paths]:
        raise UserError(f"{home}: there is no {', '.join(missing)}; copy all of the workflow")
    named = {p.relative_to(home).as_posix(): p for paths in files.values() for p in paths}
    with zipfile.ZipFile(output, "w") as archive:
        for name, path in sorted({**named, **sheets}.items()):
            if "__pycache__" not in name and "/." not in f"/{name}":
                entry = zipfile.ZipInfo(name)
                entry.external_attr = (0o755 if os.access(path, os.X_OK) else 0o644) << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def add(crate: ROCrate, identifier: str, kind: str | list[str], **properties: Any) -> Any:
    """Add an entity, with those of its properties that are known; these may be entities."""
    known = {key: value for key, value in properties.items() if value is not None}
    entity = DataEntity if "File" in kind else ContextEntity
    return crate.add(entity(crate, identifier, {"@type": kind, **known}))


def add_file(
    crate: ROCrate, identifier: str, path: Path, kind: str | list[str] = "File", **properties: Any
) -> Any:
    """Add a file with its format, size and digest."""
    facts = {
        "name": path.name,
        "encodingFormat": FORMATS.guess_type(path.name)[0] or "application/octet-stream",
        "contentSize": str(path.stat().st_size),
        "sha256": digest_of(path),
    }
    return add(crate, identifier, kind, **facts, **properties)


def add_stated(crate: ROCrate, name: str, kind: str, key: str, text: str) -> Any:
    """Add a person or a licence, which a user states by an address or in words."""
    is_address = text.startswith(("http://", "https://"))
    identifier = quote(text, safe=":/#?&=%") if is_address else f"#{name}"
    return add(crate, identifier, kind, **{key: text})


def add_inputs(
    crate: ROCrate, audio: Mapping[str, str], files: Mapping[str, Path], config: Mapping[str, Any]
) -> list[Any]:
    """Add audio by path with MD5, files by description, and the configuration: its parameters."""
    inputs = [
        add(crate, f"#audio/{quote(path)}", ["AudioObject", "CreativeWork"], name=path, md5=md5)
        for path, md5 in sorted(audio.items())
    ]
    inputs += [
        add_file(crate, f"#file/{quote(name)}", path, "CreativeWork", description=name)
        for name, path in files.items()
    ]
    for key, value in config.items():
        kind = {"name": key, "additionalType": TYPES.get(type(value), "Text")}
        parameter = add(crate, f"#parameter/{key}", "FormalParameter", **kind)
        text = value if isinstance(value, str | int | float) else json.dumps(value)
        facts = {"name": key, "value": text, "exampleOfWork": parameter}
        inputs.append(add(crate, f"#value/{key}", "PropertyValue", **facts))
    return inputs


def add_workflow(crate: ROCrate, path: Path, records: Records) -> Any:
    """Add the workflow, its steps, and the versions locked for them."""
    added = partial(add, crate)
    lock, citation = HOME / "requirements.lock", (HOME / "CITATION.cff").read_text("utf-8")
    about = "Its version is the digest of the code that it runs."
    codes = steps(records).set_index("step")["code"].map(" ".join)
    parts = [
        added(f"#step/{step}", "SoftwareSourceCode", name=step, description=about, version=code)
        for step, code in codes.items()
    ]
    required = []
    for name, version in {**versions(records), "python": platform.python_version()}.items():
        python = "https://www.python.org/" if name == "python" else ""
        url = python or f"https://pypi.org/project/{name}/{version}/"
        required.append(added(url, "SoftwareApplication", name=name, version=version, url=url))
    locked = {"name": lock.name, "sha256": digest_of(lock)}
    required.append(added("#requirements.lock", "CreativeWork", **locked))
    return add_file(
        crate,
        path.name,
        path,
        ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        description="genregraph. Its Snakefile is at the top of the archive.",
        version=re.findall(r"^version: (\S+)$", citation, re.MULTILINE)[0],
        programmingLanguage=crate.add(get_lang(crate, "snakemake")),
        conformsTo=added(BIOSCHEMAS, "CreativeWork", name="ComputationalWorkflow"),
        hasPart=parts,
        softwareRequirements=required,
    )


def describe(crate: ROCrate, config: Mapping[str, Any], day: str, **run: Any) -> None:
    """Say what the crate is, and add the run: its ``instrument``, ``object`` and ``result``."""
    added = partial(add, crate)
    profiles = [
        added(url, "CreativeWork", name=name, version=url.rpartition("/")[2])
        for url, name in PROFILES.items()
    ]
    by, terms = config.get("author"), config.get("licence") or NO_LICENCE
    author = add_stated(crate, "author", "Person", "name", by) if by else None
    action = added(
        "#run",
        "CreateAction",
        name=f"Run of genregraph on {config['dataset']}",
        description="Its end is the day on which the newest of its results was written.",
        endTime=day,
        agent=author,
        **run,
    )
    root = {
        "name": f"genregraph: results on {config['dataset']}",
        "description": "Music genre recognition by graph neural networks on dataset "
        f"{config['dataset']}: results of the Snakemake workflow genregraph, and what they were "
        "computed from.",
        "author": author,
        "license": add_stated(crate, "licence", "CreativeWork", "description", terms),
        "datePublished": day,
        "conformsTo": profiles,
        "mainEntity": run["instrument"],
        "mentions": action,
    }
    for key, value in root.items():
        if value is not None:
            crate.root_dataset[key] = value
    crate.metadata["conformsTo"] = [{"@id": crate.metadata.profile}, profiles[2]]
    crate.metadata.extra_contexts.append("https://w3id.org/ro/terms/workflow-run/context")


def main(
    files: Annotated[list[Path], typer.Argument(help="Results of the dataset.")],
    sheet: Annotated[Path, typer.Option(help="Its sheet.")],
    config: Annotated[str, typer.Option(help="Configuration of the run (JSON).")],
    workflow: Annotated[Path, typer.Option(help="The workflow, to be written (ZIP).")],
    output: Annotated[Path, typer.Option(help="The crate's metadata, to be written (JSON-LD).")],
    experiment: Annotated[list[str] | None, typer.Option(help="One that was run.")] = None,
    models: Annotated[list[Path] | None, typer.Option(help="Folder of models.")] = None,
    clips: Annotated[list[Path] | None, typer.Option(help="Clips with audio (Parquet).")] = None,
    table: Annotated[list[str] | None, typer.Option(help="NAME=FILE: an imported table.")] = None,
) -> None:
    """Describe the results of a dataset, and what they were computed from, as an RO-Crate."""
    folder, stated, crate = output.parent, json.loads(config), ROCrate(version="1.1")
    of_models = [path for each in models or [] for path in sorted(each.iterdir())]
    results = [*files, *(path for path in of_models if not path.name.startswith("."))]
    tables = {f"table {name}": Path(path) for name, path in pairs(table).items()}
    read = [pd.read_parquet(path, columns=["file", "md5"]) for path in clips or []]
    audio = {file: md5 for each in read for file, md5 in each.to_numpy() if md5}
    pack(HOME, {f"config/datasets/{folder.name}.tsv": sheet}, workflow)
    program = add_workflow(crate, workflow, read_records(folder, experiment or []))
    inputs = add_inputs(crate, audio, {"sheet": sheet, **tables}, stated)
    program["input"] = [each["exampleOfWork"] for each in inputs if "exampleOfWork" in each]
    outputs = [add_file(crate, quote(str(path.relative_to(folder))), path) for path in results]
    newest = max(path.stat().st_mtime for path in results)
    day = datetime.fromtimestamp(newest, UTC).date().isoformat()
    describe(crate, stated, day, instrument=program, object=inputs, result=outputs)
    described = crate.metadata.generate()
    described["@graph"].sort(key=lambda each: each["@id"])
    text = json.dumps(described, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    output.write_text(text, encoding="utf-8")
