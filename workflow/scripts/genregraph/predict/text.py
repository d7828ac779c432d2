"""The answer as it is read in a terminal."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from genregraph.predict.choose import UNEVALUATED, Choice
from genregraph.predict.listing import NOT_PREDICTED


def printable(text: str) -> str:
    """A text without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def of_model(choice: Choice, experiment: str, dataset: str, clips: int) -> str:
    """Which model predicts, and how it was evaluated."""
    trained = f"Predicted by {choice.model} of {experiment}, trained on {clips} clips of {dataset}."
    if choice.protocol == UNEVALUATED:
        return f"{trained} It was evaluated by {UNEVALUATED}: its accuracy is not known."
    return (
        f"{trained} Under protocol {choice.protocol} its accuracy is {choice.accuracy:.4f}, its "
        f"log loss {choice.log_loss:.4f} nats."
    )


def as_text(
    files: pd.DataFrame, problems: pd.DataFrame, passed_over: Sequence[str], model: str
) -> str:
    """The answer, without an end of line in any name.

    Parameters
    ----------
    files : pd.DataFrame
        A row a file, as ``predictions.csv`` has it.
    problems : pd.DataFrame
        As `predict.answer.list_problems` returns them.
    passed_over : sequence of str
        What else lies in the folders, as `predict.listing` counts it.
    model : str
        As `of_model` says it.
    """
    lines = [model, ""]
    for row in files.to_dict("records"):
        pieces = "" if row["pieces"] == 1 else f", mean of {row['pieces']} pieces"
        lines.append(f"{printable(row['file'])} ({row['seconds']:.0f} s{pieces})")
        lines.append(f"  {printable(row['genres'])}")
        if row["genre_by_artist"]:
            said = f"{row['genre_by_artist']} {row['probability_by_artist']:.2f}"
            lines.append(printable(f"  mean of all files of {row['artist']}: {said}"))
        lines.append(f"  nearest: {row['neighbours']}")
        if row["unlike"]:
            lines.append(
                f"  UNLIKE all training clips: its distance is {row['distance']:.2f}, and 99 % of "
                f"theirs are within {row['threshold']:.2f}: do not rely on its genre"
            )
    if len(files) and np.all(files["threshold"] == 0):
        lines.append("All distances between training clips are 0 by the metric of the graph.")
    refused = problems[problems["what_was_done"] == NOT_PREDICTED]
    if len(refused):
        lines += [*([""] if len(files) else []), f"{len(refused)} file(s) could not be predicted:"]
        named = zip(refused["file"], refused["problem"], strict=True)
        lines += [f"  {printable(file)}: {printable(problem)}" for file, problem in named]
    lines += [f"passed over: {line}" for line in passed_over]
    return "\n".join(lines) + "\n"
