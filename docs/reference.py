"""What the site has beside the pages in this folder: made when it is built, from what is shipped.

A hook of MkDocs: the configuration's keys come from its JSON schema, the rules from ``rules/``, the
steps from their docstrings, and the files that stand at the top of the repository from there.
"""

import ast
import json
import os
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
# Rooms in the order of the flow; those that serve others, and any more, follow.
FLOW = "datasets audio demo features folds preprocessing selection graph models evaluation".split()
LINK = re.compile(r"(?<=\]\()([^)#\s:]+)(#[^)\s]*)?(?=\))")
RULE = re.compile(r"^( *)(?:rule|checkpoint) (\w+):\n((?:\1    .*\n|\s*\n)*)", re.MULTILINE)
REFERENCES = re.compile(r"^References\n-+\n((?:.*\n?)*?)(?=\n\w.*\n-+\n|\Z)", re.MULTILINE)


@dataclass(frozen=True)
class Rule:
    """A rule as it is written.

    Attributes
    ----------
    name : str
    comment : str
        What stands above it.
    directives : mapping of str to str
        Text of each directive, by its name.
    """

    name: str
    comment: str
    directives: Mapping[str, str]


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


# The rules


def places(text: str) -> dict[str, str]:
    """Places of files that rules name ``OF_...``, as ``rules/common.smk`` defines them."""
    found: dict[str, str] = {}
    for name, value in re.findall(r'^(OF_[A-Z]+) = (f?".*")$', text, re.MULTILINE):
        found[name] = _filled(value, found)
    return found


def _filled(text: str, known: Mapping[str, str]) -> str:
    """A string as it is written, with the known places filled in; any other stays as it is."""
    inner = text.removeprefix("f").strip('"')
    if not text.startswith("f"):
        return inner
    fields = re.findall(r"(?<!\{)\{([^{}]+)\}(?!\})", inner)
    if not set(fields) <= set(known):
        return text
    for name in fields:
        inner = inner.replace(f"{{{name}}}", known[name])
    return inner.replace("{{", "{").replace("}}", "}")


def rules(text: str) -> Iterator[Rule]:
    """Rules of a file in their order."""
    for match in RULE.finditer(text):
        indent = match[1] + "    "
        above = text[: match.start()].splitlines()
        comment: list[str] = []
        while above and above[-1].strip().startswith("#"):
            comment.insert(0, above.pop().strip("# "))
        directives = {
            name: textwrap.dedent(inline or block).strip()
            for name, inline, block in re.findall(
                rf"^{indent}(\w+):(?: (.+)\n|\n((?:{indent}    .*\n|\s*\n)*))",
                match[3],
                re.MULTILINE,
            )
        }
        yield Rule(match[2], " ".join(comment), directives)


def of_rules(files: Mapping[str, str], commands: Mapping[str, str]) -> str:
    """All rules: what each does, reads and makes (Markdown).

    Parameters
    ----------
    files : mapping of str to str
        Texts of the files of rules, by name, ``common.smk`` among them.
    commands : mapping of str to str
        What each step does, by its name.
    """
    known = places(files["common.smk"])
    text = [
        "# Rules",
        "",
        "What Snakemake makes from what, as it stands in `rules/`: a function is one of "
        "`rules/common.smk`, which says by the job's wildcards which files are meant.",
    ]
    for name, content in files.items():
        found = list(rules(content))
        text += ["", f"## {name}", "", _words(_lead(content))] if found else []
        for rule in found:
            step = next(iter(re.findall(r'"\$GENREGRAPH" ([\w.{}]+)', str(rule.directives))), "")
            what = [f"`{step}`: {commands[step]}"] if step in commands else []
            text += ["", f"### {rule.name}", "", " ".join(filter(None, [*what, rule.comment]))]
            for key in ("input", "output"):
                if key in rule.directives:
                    body = _shown(rule.directives[key], known)
                    text += ["", f"{key}:", "", "```python", body, "```"]
    return "\n".join(text) + "\n"


def _lead(text: str) -> str:
    """Comment at the top of a file."""
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return " ".join(line.strip("# ") for line in lines[:end])


def _shown(text: str, known: Mapping[str, str]) -> str:
    def fill(match: re.Match[str]) -> str:
        filled = _filled(match[0], known)
        return match[0] if filled == match[0] else f'"{filled}"'

    return re.sub(r'f"[^"\n]*"', fill, text)


# The steps


def commands(scripts: Path) -> dict[str, str]:
    """First line of what each step says of itself, by ``room.step``."""
    found = {}
    for path in sorted(scripts.glob("*/**/*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name == "main":
                said = ast.get_docstring(node) or ""
                found[_module(path, scripts)] = _words(said.partition("\n\n")[0])
    return found


def rooms_of(scripts: Path) -> list[str]:
    """Rooms of steps."""
    found = sorted(path.parent.name for path in scripts.glob("*/__init__.py"))
    return [*FLOW, *(room for room in found if room not in FLOW)]


def _module(path: Path, scripts: Path) -> str:
    return ".".join(path.relative_to(scripts).with_suffix("").parts)


def of_room(room: str, scripts: Path) -> str:
    """The modules of a room, for mkdocstrings to fill in (Markdown)."""
    lead = ast.get_docstring(ast.parse((scripts / room / "__init__.py").read_text("utf-8"))) or ""
    modules = sorted(
        _module(p, scripts) for p in (scripts / room).rglob("*.py") if p.stem != "__init__"
    )
    text = [f"# {room}", "", _words(lead), ""]
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
    rooms = rooms_of(scripts)
    schema = json.loads((root / "config/config.schema.json").read_text(encoding="utf-8"))
    names = ["common", *(room for room in rooms if (root / f"rules/{room}.smk").is_file())]
    named = {f"{name}.smk": (root / f"rules/{name}.smk").read_text("utf-8") for name in names}
    named["Snakefile"] = (root / "Snakefile").read_text(encoding="utf-8")
    return {
        **{page: (root / name).read_text(encoding="utf-8") for page, name in ELSEWHERE.items()},
        "reference/configuration.md": configuration(schema),
        "reference/rules.md": of_rules(named, commands(scripts)),
        **{f"reference/{room}.md": of_room(room, scripts) for room in rooms},
    }


# What MkDocs calls


def on_config(config: Any) -> Any:
    """Name the pages of all rooms in the navigation."""
    reference = next(part["Reference"] for part in config.nav if "Reference" in part)
    pages = [f"reference/{room}.md" for room in rooms_of(ROOT / "workflow/scripts/genregraph")]
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
