"""Pages of the site that are made when it is built, from what is shipped: a hook of MkDocs.

Keys of the configuration come from its JSON schema, steps and functions from their docstrings, and
pages that lie elsewhere in the repository from there.
"""

import ast
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# Files from elsewhere in the repository, by their place in the site.
ELSEWHERE = {
    "index.md": "README.md",
    "configuration.md": "config/README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "conduct.md": "CODE_OF_CONDUCT.md",
    "CITATION.cff": "CITATION.cff",
    "LICENSE": "LICENSE",
}
# Packages in the order of the flow; those that serve others follow.
FLOW = "datasets audio demo features folds preprocessing selection graph models evaluation".split()
LINK = re.compile(r"(?<=\]\()([^)#\s:]+)(#[^)\s]*)?(?=\))")
REFERENCES = re.compile(r"^References\n-+\n((?:.*\n?)*?)(?=\n\w.*\n-+\n|\Z)", re.MULTILINE)


# Links


def relinked(text: str, source: str, page: str) -> str:
    """Text of a file of the repository, with links as they are in the site.

    Parameters
    ----------
    text : str
        Markdown.
    source, page : str
        Path of the file in the repository, and of the page in the site.
    """
    places = {there: here for here, there in ELSEWHERE.items()}

    def link(match: re.Match[str]) -> str:
        target = os.path.normpath(PurePosixPath(source).parent / match[1])
        place = places.get(target, os.path.relpath(target, "docs"))
        return os.path.relpath(place, PurePosixPath(page).parent) + (match[2] or "")

    return LINK.sub(link, text)


# The configuration


def configuration(schema: Mapping[str, Any]) -> str:
    """Every key of the configuration, a table for each of its parts (Markdown)."""
    parts = {"Config": schema, **schema["$defs"]}
    own = {"Config": "Configuration"}
    text = ["# Keys of the configuration", "", _words(schema["description"])]
    for name, part in parts.items():
        rows = ["| key | what it may be | default | meaning |", "|---|---|---|---|"]
        for key, field in part["properties"].items():
            shown = "" if key in part.get("required", []) else f"`{json.dumps(field['default'])}`"
            if "$ref" in field:
                shown = "as there"
            meaning = field.get("description", "")
            rows.append(f"| `{key}` | {_kind(field)} | {shown} | {_words(meaning)} |")
        heading = ["", f"## {own.get(name, name)}", ""]
        lead = [] if name == "Config" else [_words(part.get("description", "")), ""]
        text += [*heading, *lead, *rows]
    return "\n".join(text) + "\n"


def _words(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("``", "`").split())


def _kind(field: Mapping[str, Any]) -> str:
    """What a value may be, in words."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_kind(each) for each in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list: {_kind(field['items'])}" if field.get("items") else "list"
    if field.get("type") == "object":
        inner = field.get("additionalProperties", True)
        if not isinstance(inner, Mapping):
            inner = next(iter(field.get("patternProperties", {}).values()), {})
        return f"by name: {_kind(inner)}" if inner else "keys and values"
    if "const" in field:
        return f"`{field['const']}`"
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    stated = [f"{sign} {field[key]:,}" for key, sign in bounds.items() if key in field]
    return " ".join([field.get("type", "anything"), *stated])


# The packages


def packages_of(scripts: Path) -> list[str]:
    """Names of the packages."""
    found = sorted(path.parent.name for path in scripts.glob("*/__init__.py"))
    return [*FLOW, *(package for package in found if package not in FLOW)]


def _module(path: Path, scripts: Path) -> str:
    return ".".join(path.relative_to(scripts).with_suffix("").parts)


def of_package(package: str, scripts: Path) -> str:
    """The modules of a package, for mkdocstrings to fill in (Markdown)."""
    text = (scripts / package / "__init__.py").read_text("utf-8")
    lead = ast.get_docstring(ast.parse(text)) or ""
    modules = sorted(
        _module(p, scripts) for p in (scripts / package).rglob("*.py") if p.stem != "__init__"
    )
    text = [f"# {package}", "", _words(lead), ""]
    for module in modules:
        text += [f"## {module}", "", f"::: genregraph.{module}", ""]
    return "\n".join(text)


def with_references(text: str) -> str:
    """A numpydoc docstring whose references are a list, and whose ``[1]_`` is no link."""

    def listed(match: re.Match[str]) -> str:
        items = re.sub(r"^\.\. \[(\d+)\]", r"\1.", match[1], flags=re.MULTILINE)
        return f"**References**\n\n{items}"

    return REFERENCES.sub(listed, re.sub(r"\[(\d+)\]_", r"\\[\1\\]", text))


def generated(root: Path = ROOT) -> dict[str, str]:
    """Texts of the pages and files that are made when the site is built, by their place."""
    scripts = root / "workflow/scripts/genregraph"
    packages = packages_of(scripts)
    schema = json.loads((root / "config/config.schema.json").read_text(encoding="utf-8"))
    return {
        **{page: (root / name).read_text(encoding="utf-8") for page, name in ELSEWHERE.items()},
        "reference/configuration.md": configuration(schema),
        **{f"reference/{package}.md": of_package(package, scripts) for package in packages},
    }


# What MkDocs calls


def on_config(config: Any) -> Any:
    """Name the pages of all packages in the navigation."""
    reference = next(part["Reference"] for part in config.nav if "Reference" in part)
    pages = [
        f"reference/{package}.md" for package in packages_of(ROOT / "workflow/scripts/genregraph")
    ]
    reference.append({"Steps": pages})
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add what is generated."""
    from mkdocs.structure.files import File

    for page, text in generated().items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Have links lead to where things are in the site."""
    place = page.file.src_uri
    if place.startswith("reference/"):
        return markdown
    return relinked(markdown, ELSEWHERE.get(place, f"docs/{place}"), place)
