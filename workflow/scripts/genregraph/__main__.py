"""``python -m genregraph`` is the console script; rules start this folder as a program."""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).parents[1])

from genregraph.cli.main import run

if __name__ == "__main__":
    run()
