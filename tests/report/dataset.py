"""A small dataset with results, as the workflow leaves them: the files come from its own steps.

Names are as hostile as a sheet allows: the report must show them as they are, and run none.
"""

import base64
import json
import string
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray
from scipy import sparse

from folds.leaks import leaks
from graph.adjacency import adjacency
from graph.health import health
from inputs.inputs import Inputs
from learning.predictions import Fit, by_fold, compared, predictions, write_compared
from learning.temperature import scaled
from report import map as clip_map
from report import page
from report.beside import KINDS
from results import ahead, calibration, choices, collect, pooled, summarise, variants
from settings.model import load
from settings.sheet import Row, write_sheet

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow/scripts/report"
GENRES = ["<b>blues</b>", "hip-hop & r'n'b", "ünï-jazz"]
EVIL = "</script><script>document.title='hacked'</script>"
ARTIST = '"><img src=x onerror="document.title=\'hacked\'">'
TITLE = "{{ 7 * 7 }} & 'quotes'"
EXPERIMENT = "multiclass_small"
PAPER = 0.7203
PER_GENRE = 20
N = PER_GENRE * len(GENRES)
K, FOLDS = 4, 4
VARIANT = "<s>narrower</s>"
NO_EDGE = 2  # A clip that is at distance zero from all its neighbours.
CLIPS = [EVIL, *(f"clip.{i:03d}" for i in range(1, N))]


def rows(audio: Path) -> list[Row]:
    """The sheet; the first clips have a sound, and one clip more is refused."""
    audio.mkdir()
    named = []
    for i, clip in enumerate(CLIPS):
        path = f"a b#{i}.wav"
        if i < 3:
            wave = 0.1 * np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050)
            soundfile.write(audio / path, wave, 22_050)
        artist = ARTIST if i == 0 else f"artist {string.ascii_lowercase[i // 4]}"
        row = Row(clip, path, GENRES[i % len(GENRES)], title=TITLE if i == 0 else "", artist=artist)
        named.append(row)
    return [*named, Row("<i>noise</i>", "noise.wav", GENRES[0])]


def listed(sheet: list[Row]) -> pd.DataFrame:
    """Clips, as `audio.clips` lists them."""
    refused = [row.clip not in CLIPS for row in sheet]
    return pd.DataFrame(
        {
            "clip": [row.clip for row in sheet],
            "source": [row.clip for row in sheet],
            "genre": [row.genre for row in sheet],
            "group": [row.artist for row in sheet],
            "start": 0,
            "samples": 22_050,
            "status": ["refused" if each else "good" for each in refused],
            "problem": ["unreadable" if each else "" for each in refused],
            "md5": [f"{i:032d}" for i in range(len(sheet))],
            "sheet_group": "",
            "artist": [row.artist for row in sheet],
            "split": "",
            "excluded": "",
        }
    )


def choice_of(protocol: str) -> pd.DataFrame:
    """What models chose from in each fold."""
    rng = np.random.default_rng(len(protocol))
    return pd.DataFrame(
        {
            "fold": np.repeat(np.arange(FOLDS), 2),
            "model": "best",
            "candidate": ["logistic", "<blend>"] * FOLDS,
            "inner_accuracy": rng.random(2 * FOLDS),
            "inner_brier": rng.random(2 * FOLDS),
            "chosen": [(i // 2 == 1) == (i % 2 == 0) for i in range(2 * FOLDS)],
            "test_accuracy": rng.random(2 * FOLDS),
        }
    )


def write_protocol(folder: Path, clips: pd.DataFrame, protocol: str) -> None:
    """Four folds with inputs, graphs and what three models predicted."""
    rng = np.random.default_rng([ord(letter) for letter in protocol])
    y = np.arange(N) % len(GENRES)
    x = rng.normal(size=(N, 6)) + 2 * rng.normal(size=(len(GENRES), 6))[y]
    fold = (np.arange(N) // 4) % FOLDS if protocol == "clean" else (np.arange(N) // 3) % FOLDS
    tables, at = [], []
    twins, baselines, variants, calibrated = [], [], [], []
    for number in range(FOLDS):
        outputs = folder / f"fold-{number:02d}"
        outputs.mkdir(parents=True)
        names = [np.array(each) for each in (CLIPS, GENRES, [f"f{i}" for i in range(6)])]
        inputs = Inputs(x.astype(np.float32), y, fold != number, *names)
        inputs.save(outputs / "inputs.npz")
        graph = adjacency(inputs.x, "euclidean", K, np.ones(N, dtype=bool))
        graph.data[graph.indptr[NO_EDGE] : graph.indptr[NO_EDGE + 1]] = 0
        sparse.save_npz(outputs / "graph.npz", graph)
        tables.append({"fold": number, **health(graph, y, K)})
        skill = {"graphsage": 2.0, "edgeless": 1.5, "svm": 1.0}
        fits = {}
        for model, worth in skill.items():
            scores = rng.normal(size=(N, len(GENRES)))
            scores[np.arange(N), y] += worth * (1 if protocol == "clean" else 1.5)
            odds = np.exp(scores)
            fits[model] = Fit(odds / odds.sum(axis=1, keepdims=True), 5, 0.5)
        table = predictions(inputs, fits.pop("graphsage").probabilities)
        table.to_parquet(outputs / "predictions.parquet", index=False)
        twins.append(compared(inputs, {"edgeless": fits.pop("edgeless")}))
        baselines.append(compared(inputs, fits))
        epochs = np.arange(1, 41)
        history = {"epoch": epochs, "loss": 1 / epochs + number / 10, "seconds": epochs / 10}
        narrower = Fit(rng.dirichlet(np.ones(len(GENRES)), size=N), 5, 0.5)
        variants.append(compared(inputs, {VARIANT: narrower}))
        temperature = 1.5 + number / 10
        cooler = predictions(inputs, scaled(table[GENRES].to_numpy(), temperature))
        calibrated.append(cooler.assign(model="graphsage"))
        at.append(pd.DataFrame({"model": ["graphsage"], "temperature": [temperature]}))
        history |= {"train_accuracy": 1 - 1 / (epochs + 1), "test_accuracy": 0.6 - 1 / (epochs + 1)}
        pd.DataFrame(history).to_csv(outputs / "history.csv", index=False)
    pd.DataFrame(tables).to_csv(folder / "graph-health.csv", index=False)
    models = folder / "models"
    models.mkdir()
    choice_of(protocol).to_csv(models / "choice.csv", index=False)
    stacked = {"edgeless": twins, "baselines": baselines, "variants": variants}
    for name, each in stacked.items():
        write_compared(each, models / f"{name}.parquet", models / f"{name}.csv")
    by_fold(calibrated).to_parquet(models / "calibrated.parquet", index=False)
    by_fold(at).to_csv(models / "temperature.csv", index=False)
    used = clips[clips["status"] == "good"].reset_index(drop=True)
    dealt = used[["clip", "genre", "group"]].assign(repeat=0, fold=fold)
    dealt.to_parquet(folder / "folds.parquet", index=False)
    audited = leaks(dealt, used, np.empty((0, 2), dtype=np.int64), "alone")
    audited.to_csv(folder / "leaks.csv", index=False)


def write_dataset(project: Path) -> dict[str, Any]:
    """Write all that a report is made from below a folder; the options that `write_page` takes."""
    folder = project / "results/mine"
    experiment = folder / f"experiments/{EXPERIMENT}"
    sheet = rows(project / "audio")
    write_sheet(sheet, project / "mine.tsv")
    clips = listed(sheet)
    (folder / "30s").mkdir(parents=True)
    clips.to_parquet(folder / "30s/clips.parquet", index=False)
    problem = ["<i>noise</i>", "noise.wav", "unreadable: <u>it is text</u>", "refused"]
    problems = pd.DataFrame([problem], columns=["clip", "path", "problem", "what_was_done"])
    problems.to_csv(folder / "30s/problems.csv", index=False)
    places = [experiment / protocol for protocol in ("paper", "clean")]
    for place in places:
        write_protocol(place, clips, place.name)
    left_out = {"evaluations": {}, "left_out": {"filtered": "there is no <split>"}}
    (experiment / "protocols.json").write_text(json.dumps(left_out))
    compared = ["edgeless", "baselines"]
    made = {
        "results": folder / f"{EXPERIMENT}.csv",
        "pooled": experiment / "pooled.csv",
        "summary": folder / "summary.csv",
        "text": project / "said.txt",
    }
    shared = {"dataset": "mine", "experiment": EXPERIMENT, "folders": places}
    shared |= {"compared": compared}
    collect.main(
        **shared, protocols=experiment / "protocols.json", output=made["results"], text=made["text"]
    )
    pooled.main(**shared, clips=folder / "30s/clips.parquet", output=made["pooled"])
    clips_of = folder / "30s/clips.parquet"
    ahead.main(**shared, clips=clips_of, output=experiment / "ahead.csv")
    of_variants = {key: each for key, each in shared.items() if key != "compared"}
    variants.main(**of_variants, clips=clips_of, output=experiment / "variants.csv")
    choices.main("mine", EXPERIMENT, experiment / "choices.csv", places)
    scored = {"output": experiment / "calibration.csv", "curves": experiment / "reliability.csv"}
    calibration.main(**shared, scaled=True, **scored)
    summarise.main(
        [made["results"]],
        folder / "experiments",
        [made["pooled"]],
        made["summary"],
        made["text"],
        paper=[f"{EXPERIMENT}={PAPER}"],
        note=[f"{EXPERIMENT}=Not <scaled>."],
    )
    clip_map.main(places[1], 0, places[1] / "map.json", compared, neighbours=K)
    benchmarks = project / f"results/benchmarks/mine/experiments/{EXPERIMENT}/clean/fold-00"
    benchmarks.mkdir(parents=True)
    measured = "s\th:m:s\tmax_rss\n2.5\t0:00:02\t400.5\n"
    (benchmarks / "learning.graphsage.tsv").write_text(measured)
    (experiment / "made-with").mkdir()
    record = {"code": "0123456789abcdef", "libraries": {"numpy": "9.9.9"}, "options": {"seed": 7}}
    record_path = experiment / "made-with/learning.graphsage.json"
    record_path.write_text(json.dumps(record))
    stated = {"description": "Small & <hostile>.", "protocols": ["paper", "clean"]}
    stated |= {"models": ["svm"], "graph": {"metric": "euclidean", "k": K}}
    config = load({"dataset": "mine", "experiments": {EXPERIMENT: stated}})
    return {
        "results": [made["results"]],
        "summary": made["summary"],
        "folder": folder,
        "benchmarks": project / "results/benchmarks/mine",
        "sheet": project / "mine.tsv",
        "config": config.model_dump_json(),
        "maps": [places[1] / "map.json"],
        "problems": [folder / "30s/problems.csv"],
        "beside": [experiment / f"{kind}.csv" for kind in KINDS],
        "variant": [f"{EXPERIMENT}.{VARIANT}=hidden: <5>"],
        "audio": project / "audio",
        "not_run": ["multiclass_other=there is no audio to compute <that>"],
    }


def encoded(percents: NDArray[np.integer]) -> str:
    """Probabilities as a map has them."""
    return base64.b64encode(percents.astype(np.uint8).tobytes()).decode("ascii")


def write_page(options: dict[str, Any], output: Path, **others: Any) -> Path:
    """Run the step as its rule does."""
    texts = {"template": "page.html.jinja", "style": "page.css", "script": "page.js"}
    paths = {name: SCRIPTS / file for name, file in texts.items()}
    page.main(**{**options, **paths, **others}, output=output)
    return output
