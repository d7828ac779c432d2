"""Command line: make a dataset, check it before long work, predict new music, run a step."""
