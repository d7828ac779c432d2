"""Run benchmarks and write what they print into docs/benchmarks.md (`make bench`).

What stands in a block of code after ``<!-- NAME -->`` there is what ``benchmarks/NAME.py`` printed.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "docs" / "benchmarks.md"
AUDIO = "GENREGRAPH_TEST_AUDIO"


def replaced(document: str, name: str, printed: str) -> str:
    """The document with another text in a benchmark's block."""
    block = re.compile(rf"(<!-- {name} -->\n+```\n).*?(```\n)", re.DOTALL)
    if not block.search(document):
        sys.exit(f"{DOCUMENT}: no block of code after <!-- {name} -->")
    return block.sub(lambda found: found[1] + printed.rstrip() + "\n" + found[2], document)


def main(names: Annotated[list[str], typer.Argument(help="Benchmarks, in order.")]) -> None:
    """Run benchmarks one after the other, and write what each printed."""
    for name in names:
        audio = [os.environ[AUDIO]] if name == "features" and AUDIO in os.environ else []
        if name == "features" and not audio:
            print(f"features: left out, since {AUDIO} names no folder of clips", file=sys.stderr)
            continue
        command = [sys.executable, str(HERE / f"{name}.py"), *audio]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(f"== {name}\n{printed}")
        document = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(replaced(document, name, printed), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
