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


def main(names: Annotated[list[str], typer.Argument(help="Benchmarks, in order.")]) -> None:
    """Run benchmarks one after the other, and write what each printed."""
    for name in names:
        if name == "features" and AUDIO not in os.environ:
            print(f"features: left out, since {AUDIO} names no folder of clips", file=sys.stderr)
            continue
        command = [sys.executable, str(HERE / f"{name}.py")]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(f"== {name}\n{printed}")
        parts = re.split(rf"(<!-- {name} -->\n+```\n)", DOCUMENT.read_text(encoding="utf-8"))
        before, head, after = parts  # Else the document has no block of code for it, or two.
        rest = after[after.index("```\n") :]
        DOCUMENT.write_text(f"{before}{head}{printed.rstrip()}\n{rest}", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
