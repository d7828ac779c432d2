"""Code and documents are in the field's words: the left column of CONTRIBUTING's table is not."""

import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Where the words are listed, what others wrote, and tables of numbers.
EXEMPT = (
    "tests/test_words.py CONTRIBUTING.md CODE_OF_CONDUCT.md CHANGELOG.md LICENSE config/datasets "
    "config/weights docs/results requirements* docs/requirements*"
).split()
BANNED = {
    "split, assign to folds": r"deal(s|t|ing)?",
    "aggregate, neighbours, messages; decode": r"(un)?hear(s|d|ing)?",
    "says, uses artist labels": r"told|tells? of|known artists|who plays",
    "ablation": r"twins?",
    "effect, difference; better than": r"worth|ahead",
    "evaluate, prediction by song": r"judg(e|es|ed|ing|ement)|verdicts?",
    "confidence, overconfident": r"sure",
    "transductive, inductive": r"in the graph by their features|joins? one by one",
    "file extension, fallback, rejected": (
        r"endings?|stands? in( for|[.,;:])|stand-ins?|refus(e|es|ed|al|als|ing)"
    ),
    "package, layout": r"rooms?|(?-i:houses?)",
}


def texts() -> dict[str, str]:
    """Tracked texts by path."""
    command = ["git", "ls-files", "-z", "--", ".", *(f":!{name}" for name in EXEMPT)]
    listed = subprocess.check_output(command, cwd=ROOT, text=True).split("\0")[:-1]
    found = {}
    for name in listed:
        with suppress(UnicodeDecodeError, FileNotFoundError):
            found[name] = (ROOT / name).read_text(encoding="utf-8")
    return found


@pytest.mark.parametrize("instead", BANNED)
def test_words_of_no_field_are_not_used(instead: str) -> None:
    word = re.compile(rf"(?<![A-Za-z])({BANNED[instead]})(?![A-Za-z])", re.IGNORECASE)
    lines = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if word.search(line)
    ]
    assert not lines, f"say {instead}:\n" + "\n".join(lines)
