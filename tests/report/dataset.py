"""A small dataset with results, as the workflow leaves them: the files come from its own steps.

Names are as hostile as a sheet allows: the report must show them as they are, and run none.
"""

import json
import shutil
import string
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from tests.report.found import curve

from genregraph.audio import clips as audio_clips
from genregraph.config.load import load
from genregraph.datasets.sheet import Row, read_sheet, write_sheet
from genregraph.evaluation import evaluate, summarise
from genregraph.folds import table as folds_table
from genregraph.folds.groups import leaks
from genregraph.graph.adjacency import adjacency
from genregraph.graph.store import health, save_graphs
from genregraph.models.base import Fit
from genregraph.models.fit import predictions, write
from genregraph.preprocessing.inputs import Inputs, save_inputs
from genregraph.report.figures import protocol_figures
from genregraph.report.page import page

GENRES = ["<b>blues</b>", "hip-$hop$ & r'n'b", "ünï-jazz"]
EVIL = "</script><script>document.title='hacked'</script>"
ARTIST = '"><img src=x onerror="document.title=\'hacked\'">'
TITLE = "{{ 7 * 7 }} & 'quotes'"
EXPERIMENT = "multiclass_small"
PAPER = 0.7203
N, K, FOLDS = 60, 4, 4
VARIANT = "nearest"
SKILL = {"graphsage": 2.0, "edgeless": 1.5, VARIANT: 1.9, "svm": 1.0, "label_spreading": 0.5}
SHOWN = ["graphsage", "edgeless", "svm", "label_spreading"]
OF_EXPERIMENT = ("calibration", "reliability", "comparisons")
NO_EDGE = 2  # A clip that is at distance zero from all its neighbours.
CLIPS = [EVIL, *(f"clip.{i:03d}" for i in range(1, N))]


def rows(audio: Path) -> list[Row]:
    """The sheet; the first clips have a sound, and one clip more is rejected."""
    audio.mkdir()
    for i in range(3):
        wave = 0.1 * np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050)
        soundfile.write(audio / f"a b#{i}.wav", wave, 22_050)
    artists = [ARTIST, *(f"singer {string.ascii_lowercase[i // 4]}" for i in range(1, N))]
    named = [
        Row(clip, f"a b#{i}.wav", GENRES[i % 3], title=TITLE if i == 0 else "", artist=artist)
        for i, (clip, artist) in enumerate(zip(CLIPS, artists, strict=True))
    ]
    return [*named, Row("<i>noise</i>", "noise.wav", GENRES[0])]


def list_clips(sheet: list[Row], folder: Path) -> pd.DataFrame:
    """Write clips and problems as `audio.clips` does; the clips by name, as the sheet has them."""
    table = pd.DataFrame(sheet)[["clip", "path"]]
    bad, good = ["rejected", "unreadable: <u>it is text</u>", "rejected"], ["ok", "", ""]
    table[["status", "problem", "what_was_done"]] = [
        bad if path == "noise.wav" else good for path in table["path"]
    ]
    audited = table.assign(file=table["path"], md5=table["clip"], samples=22_050)
    audited.to_parquet(folder / "audited.parquet")
    write_sheet(sheet, folder / "sheet.tsv")
    outputs = folder / "clips.parquet", folder / "problems.csv"
    audio_clips.main([folder / "audited.parquet"], folder / "sheet.tsv", "30s", *outputs)
    return pd.read_parquet(outputs[0]).set_index("clip", drop=False).loc[table["clip"]]


def folds_of(clips: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Four folds by artist, or four hold-outs in which a clip is tested twice, once, or never."""
    number, fold, artists = np.arange(N), np.arange(FOLDS)[:, None], "artist " + clips["artist"]
    clean = (number // 4) % FOLDS == fold
    tested = clean if protocol == "clean" else (number + 9 * fold) % (N - 10) < 20
    return folds_table.listed(clips.assign(group=artists, artist=artists), tested, 0)


def write_protocol(folder: Path, clips: pd.DataFrame, protocol: str) -> None:
    """Folds with inputs, graphs and what models predicted."""
    rng = np.random.default_rng([ord(letter) for letter in protocol])
    y = np.arange(N) % len(GENRES)
    x = rng.normal(size=(N, 6)) + 9 * rng.normal(size=(len(GENRES), 6))[y]
    folds = folds_of(clips, protocol)
    artists = np.array(folds_table.unique_clips(folds)["group"].tolist())
    names = [np.array(each) for each in (CLIPS, GENRES, [f"f{i}" for i in range(6)])]
    inputs, graphs, keys = [], [], folds_table.fold_keys(folds)
    (folder / "models").mkdir(parents=True)
    for train in folds_table.training_masks(folds):
        inputs.append(Inputs(x.astype(np.float32), y, train, *names, artists, artists))
        graph = adjacency(inputs[-1].x, "euclidean", K, np.ones(N, dtype=bool))
        graph.data[graph.indptr[NO_EDGE] : graph.indptr[NO_EDGE + 1]] = 0
        graphs.append(graph)
    for model, skill in SKILL.items():
        tables, fits = [], {}
        for own, key in zip(inputs, keys, strict=True):
            scores = rng.normal(size=(N, len(GENRES)))
            scores[np.arange(N), y] += skill * (1 if protocol == "clean" else 1.5)
            probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
            history = None if model in ("svm", "label_spreading") else history_of(key[1])
            temperature = 1.5 + key[1] / 10 if model == "graphsage" else np.nan
            fits[key] = Fit(probabilities, 5, 0.5, temperature=temperature, history=history)
            tables.append(predictions(own, probabilities, key))
        write(folder / "models", model, tables, fits, {})
    folds.to_parquet(folder / "folds.parquet", index=False)
    save_inputs(folder / "inputs.npz", inputs, keys)
    save_graphs(folder / "graph.npz", graphs)
    figures = [{"repeat": 0, "fold": i, **health(g, y, K)} for i, g in enumerate(graphs)]
    pd.DataFrame(figures).to_csv(folder / "graph-health.csv", index=False)
    counts = leaks(folds, clips, np.empty((0, 2), dtype=np.int64), "alone")
    counts.to_csv(folder / "leaks.csv", index=False)


def history_of(fold: int) -> pd.DataFrame:
    """Training of a network."""
    epoch = np.arange(1, 41)
    history = {"epoch": epoch, "loss": 1 / epoch + fold / 10, "seconds": epoch / 10}
    accuracies = {"train_accuracy": 1 - 1 / (epoch + 1), "test_accuracy": 0.6 - 1 / (epoch + 1)}
    return pd.DataFrame(history | accuracies)


def write_dataset(project: Path) -> dict[str, Any]:
    """Write all that a report is made from below a folder; the options that `write_page` takes."""
    folder = project / "results/mine"
    experiment = folder / f"experiments/{EXPERIMENT}"
    (folder / "30s").mkdir(parents=True)
    clips = list_clips(rows(project / "audio"), folder / "30s")
    places = [experiment / protocol for protocol in ("paper", "clean")]
    for place in places:
        write_protocol(place, clips[:N], place.name)
    protocols = experiment / "protocols.json"
    protocols.write_text('{"clips": {}, "left_out": {"filtered": "there is no <split>"}}')
    stated = {"description": "Small & <hostile>.", "protocols": ["paper", "clean"]}
    stated |= {"models": ["svm", "label_spreading"], "graph": {"metric": "euclidean", "k": K}}
    stated |= {"variants": {VARIANT: {"k": 2}}, "paper_test_accuracy": PAPER}
    stated |= {"calibrate": "temperature"}
    facts = {"mine": {"of_the_paper": True}}
    config = load({"dataset": "mine", "datasets": facts, "experiments": {EXPERIMENT: stated}})
    evaluate.main(
        *(config.experiments[EXPERIMENT].model_dump_json(),),
        *(folder / "30s/clips.parquet", protocols, folder / f"{EXPERIMENT}.csv"),
        *(project / "text.txt", experiment / "accuracies.csv"),
        **{name: experiment / f"{name}.csv" for name in OF_EXPERIMENT},
        folds=[place / "folds.parquet" for place in places],
        paper=PAPER,
    )
    summarise.main(
        *([experiment / "accuracies.csv"], folder / "summary.csv", folder / "comparisons.csv"),
        project / "text.txt",
        paper=[f"{EXPERIMENT}={PAPER}"],
        note=[f"{EXPERIMENT}=Not <scaled>."],
    )
    curve().assign(experiment=EXPERIMENT).to_csv(folder / "learning-curve.csv", index=False)
    for place in places:
        write_figures(place)
    made = {"code": "0123456789abcdef", "libraries": {"numpy": "9.9.9"}, "options": {"seed": 7}}
    record = experiment / "made-with/models.fit.0123456789ab.json"
    benchmark = project / f"results/benchmarks/mine/experiments/{EXPERIMENT}/clean/models.fit.tsv"
    measured = "s\th:m:s\tmax_rss\n2.5\t0:00:02\t400.5\n"
    for path, text in ((record, json.dumps(made)), (benchmark, measured)):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return {
        "results": [folder / f"{EXPERIMENT}.csv"],
        "folder": folder,
        "sheet": folder / "30s/sheet.tsv",
        "config": config.model_dump_json(),
        "maps": [places[1] / "map.json"],
        "problems": [folder / "30s/problems.csv"],
        "learning_curve": folder / "learning-curve.csv",
        "audio": project / "audio",
        "not_run": ["multiclass_other=there is no audio to compute <that>"],
    }


def write_figures(place: Path) -> None:
    """Figures and map of a protocol."""
    protocol_figures.main(
        *(place / "inputs.npz", place / "graph.npz", place / "models", SHOWN, 0),
        *(place / f"{name}.png" for name in ("scatter", "graph", "history", "confusion")),
        place / "map.json",
    )


def enlarge(options: dict[str, Any], folder: Path, n: int, genres: list[str]) -> dict[str, Any]:
    """Options of a copy in which protocol clean has n clips at random places, and other genres."""
    rng, names = np.random.default_rng(0), [f"clip {i}" for i in range(n)]
    y, folds = rng.integers(len(genres), size=n), np.arange(n) % FOLDS
    copied = {**options, "folder": folder / "mine", "sheet": folder / "mine/30s/sheet.tsv"}
    shutil.copytree(options["folder"], copied["folder"])
    place = copied["folder"] / "experiments" / EXPERIMENT / "clean"
    table = pd.DataFrame(rng.dirichlet(np.full(len(genres), 0.05), n), columns=genres)
    true, predicted = np.array(genres)[y], table[genres].idxmax(axis=1)
    own = {"clip": names, "true": true, "predicted": predicted, "fold": folds}
    table = table.assign(**own, repeat=0, part="test")
    table.to_parquet(place / "models/graphsage.parquet", index=False)
    shown = {"genres": genres, "clips": names, "genre": y.tolist(), "fold": folds.tolist()}
    shown |= dict(zip("xy", rng.random((2, n)).round(4).tolist(), strict=True))
    others = rng.integers(n, size=(n, 10)).tolist()
    shown["neighbours"] = [[(other, 0.1234) for other in ten] for ten in others]
    shown["models"] = dict.fromkeys(SHOWN[:3], protocol_figures.ranked(table, genres))
    (place / "map.json").write_text(json.dumps(shown))
    sheet = read_sheet(options["sheet"])
    sheet += [Row(name, f"{name}.wav", genres[0], artist="someone") for name in names]
    list_clips(sheet, copied["folder"] / "30s")
    return copied | {"maps": [place / "map.json"]}


def write_page(options: dict[str, Any], name: str = "report.html", **others: Any) -> Path:
    """Run the step as its rule does."""
    given = {**options, **others}
    output = given.pop("folder") / name
    page.main(**given, output=output)
    return output
