"""The page's text; what a browser makes of it is in `test_page_in_browser`."""

import html.parser
import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.report import dataset

from genregraph.evaluation.outputs import read_result
from genregraph.report.page import page
from genregraph.report.page.page import (
    accuracies,
    as_data,
    confusion,
    figure,
    most_confused,
    printable,
    spread,
)

VOID = {"meta", "input", "br"}


class Parsed(html.parser.HTMLParser):
    """Elements with their attributes, the texts of scripts, and what was left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self.tables: list[list[list[str]]] = []  # Rows of cells.
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data):
        (self.scripts if self.open[-1:] == ["script"] else self.texts).append(data)
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    project = tmp_path_factory.mktemp("project")
    options = dataset.write_dataset(project)
    path = dataset.write_page(options, project / "results/mine/report.html")
    text = path.read_text(encoding="utf-8")
    return SimpleNamespace(
        options=options, path=path, text=text, parsed=Parsed(text), project=project
    )


def test_names_are_shown_and_none_of_them_becomes_a_part_of_the_page(made):
    tags = {tag for tag, _ in made.parsed.elements}
    assert not tags & {"img", "i", "u", "split", "hostile", "scaled", "that"}
    assert [attributes for _, attributes in made.parsed.elements if "onerror" in attributes] == []
    assert len(made.parsed.scripts) == 2
    texts = "\n".join(made.parsed.texts)
    for name in (
        "<i>noise</i>",
        "<u>it is text</u>",
        "Not <scaled>.",
        "no <split>",
        *dataset.GENRES,
    ):
        assert name in texts


def test_every_element_is_closed_and_no_name_is_given_twice(made):
    assert made.parsed.open == []
    names = [attributes["id"] for _, attributes in made.parsed.elements if "id" in attributes]
    assert len(names) == len(set(names)) > 20


def test_nothing_comes_from_elsewhere_and_the_page_forbids_it(made):
    for tag, attributes in made.parsed.elements:
        assert not attributes.keys() & {"src", "style", "srcset"}, tag
        assert (attributes.get("href") or "#").startswith("#")
    policy = next(
        attributes["content"]
        for tag, attributes in made.parsed.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["media-src"] == "'self' file:"
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", rules["script-src"])
    urls = re.findall(r"https?://[^\s\"'<]+", made.text)
    assert set(urls) <= {"http://www.w3.org/2000/svg"}  # The name of a namespace.


def test_the_map_holds_names_as_they_are(made):
    data = json.loads(made.parsed.scripts[0])
    assert data["maps"][dataset.EXPERIMENT]["clips"] == dataset.CLIPS
    first = data["sources"][0]
    assert first == {
        "clip": dataset.EVIL,
        "title": dataset.TITLE,
        "artist": dataset.ARTIST,
        "path": "a b#0.wav",
    }
    assert data["sources"][5]["path"] == ""  # Its file is not there.
    assert data["audio"] == ["../../audio", "../audio"]


def test_segments_know_their_part_of_the_song():
    clips = pd.DataFrame(
        {"clip": ["a.0", "a.1"], "source": "a", "start": [0, 66_150], "samples": 66_149}
    )
    found = page.with_sources({"clips": ["a.1", "a.0"]}, clips, ["b", "a"])
    assert found["source"] == [1, 1]
    assert found["times"] == [[3.0, 6.0], [0.0, 3.0]]
    whole = clips[:1].assign(clip="a")
    assert page.with_sources({"clips": ["a"]}, whole, ["a"])["times"] is None


def test_the_same_results_give_the_same_page(made):
    again = dataset.write_page(made.options, made.path.with_name("again.html"))
    assert again.read_bytes() == made.path.read_bytes()


def test_a_page_can_be_sent(made):
    assert made.path.stat().st_size < 200_000


def test_without_audio_nothing_is_played(made):
    text = dataset.write_page(made.options, made.project / "silent.html", audio=None).read_text()
    data = json.loads(Parsed(text).scripts[0])
    assert data["audio"] == []
    assert {source["path"] for source in data["sources"]} == {""}


def test_of_synthesised_clips_the_page_says_what_they_are(made):
    config = json.loads(made.options["config"])
    config["datasets"]["mine"]["synthesised"] = True
    path = made.project / "synth.html"
    text = dataset.write_page(made.options, path, config=json.dumps(config))
    assert "say nothing about music" in text.read_text()
    assert "say nothing about music" not in made.text


def test_where_nothing_could_be_evaluated_there_is_a_page_all_the_same(made, tmp_path):
    options = dict(made.options)
    folder = tmp_path / "mine"
    shutil.copytree(options["folder"], folder)
    tables = [*folder.glob("*.csv"), *folder.glob("experiments/*/*.csv")]
    for path in tables:
        pd.read_csv(path).iloc[:0].to_csv(path, index=False)
    results = [folder / f"{dataset.EXPERIMENT}.csv"]
    options |= {"folder": folder, "results": results, "maps": [], "learning_curve": None}
    text = dataset.write_page(options, tmp_path / "report.html").read_text()
    assert "No protocol of any experiment could be evaluated." in text
    assert "there is no &lt;split&gt;" in text
    assert Parsed(text).open == []


def test_costs_and_provenance_are_those_of_the_files(made):
    texts = " ".join(" ".join(made.parsed.texts).split())
    assert "models.fit 1 2.5 2.5 400" in texts
    assert "numpy\xa09.9.9" in " ".join(made.parsed.texts)
    assert "0123456789abcdef 7 1" in texts


def rows_below(parsed, *heads):
    """Rows of cells of each table whose header starts so, without the rows that head a protocol."""
    found = [table for table in parsed.tables if table[0][: len(heads)] == list(heads)]
    return [[row for row in table[1:] if len(row) > 1] for table in found]


def points(*shares):
    return [f"{100 * share:+.1f}" for share in shares]


def as_p(values):
    return ["-" if p != p else "< .001" if p < 0.001 else f"{p:.3f}" for p in values]


def as_accuracy(values):
    return ["-" if value != value else f"{value:.4f}" for value in values]


def test_the_answer_has_a_row_an_experiment_under_its_strictest_protocol(made):
    summary = pd.read_csv(made.options["folder"] / "summary.csv", keep_default_na=False)
    compared = pd.read_csv(made.options["folder"] / "comparisons.csv", keep_default_na=False)
    found = rows_below(made.parsed, "experiment", "protocol", "clips")
    for aggregation, (row,) in zip(("none", "artist"), found, strict=True):
        of = f"protocol == 'clean' and aggregation == {aggregation!r}"
        means = summary.query(of).set_index("model")["mean"]
        (gain,) = compared.query(f"{of} and question == 'messages' and model == 'graphsage'").iloc
        (best,) = compared.query(f"{of} and question == 'baseline' and model == 'graphsage'").iloc
        reference = best["reference"]
        others = ["graphsage", "edgeless", reference]
        assert row[:4] == [dataset.EXPERIMENT, "clean", str(dataset.N), "0.3333"]
        own, without, other = (f"{float(means[name]):.4f}" for name in others)
        assert row[4:8] == [own, without, reference, other]
        assert row[8] == points(gain["difference"])[0]
        assert row[9] == " to ".join(points(gain["ci_low"], gain["ci_high"]))
        assert [row[10]] == as_p([float(gain["p_groups_holm"])])


def test_comparisons_are_those_of_their_table(made):
    table = pd.read_csv(made.options["folder"] / "comparisons.csv")
    ((*found,),) = rows_below(made.parsed, "model", "settings")
    assert len(found) == len(table)
    said = {tuple(row[i] for i in (0, 3, *range(5, 14))) for row in found}
    for row in table.to_dict("records"):
        low, high = points(row["ci_low"], row["ci_high"])
        within = "yes" if row["equivalent_within"] <= 0.02 else "no"
        tests = ("p_folds", "p_folds_holm", "p_groups", "p_groups_holm")
        assert (
            *(row["model"], row["reference"], *points(row["difference"]), f"{low} to {high}"),
            *as_p([row[test] for test in tests]),
            *(str(row["n_tests"]), within, *points(row["smallest_detectable"])),
        ) in said
    assert {row[1] for row in found if row[0] == dataset.VARIANT} == {"k: 2"}


def test_calibration_is_that_of_its_table(made):
    folder = made.options["folder"] / "experiments" / dataset.EXPERIMENT
    table = pd.read_csv(folder / "calibration.csv")
    ((*found,),) = rows_below(made.parsed, "model", "temperature")
    assert len(found) == len(table)
    said = {(row[0], *row[2:]) for row in found}
    for row in table.to_dict("records"):
        loss, brier = (
            (f"{row[name]:.3f}", f"{row[f'{name}_low']:.3f} to {row[f'{name}_high']:.3f}")
            for name in ("log_loss", "brier")
        )
        ends = as_accuracy([row["calibration_low"], row["calibration_high"]])
        names = ("confidence", "accuracy", "calibration_error")
        assert (
            *(row["model"], *loss, *brier, *as_accuracy([row[name] for name in names])),
            *(" to ".join(ends), *as_accuracy([row["calibration_expected"]])),
        ) in said
    assert {row[1] for row in found} == {"-", "1.65"}


def test_a_clip_that_is_tested_twice_counts_twice_in_the_confusion_and_once_among_clips(made):
    folder = made.options["folder"] / "experiments" / dataset.EXPERIMENT
    tested = pd.read_parquet(folder / "paper/models/graphsage.parquet").query("part == 'test'")
    found = confusion(pd.read_parquet(folder / "paper/models/graphsage.parquet"))
    assert found["total"] == len(tested) > found["clips"] == tested["clip"].nunique()
    text = " ".join(" ".join(made.parsed.texts).split())
    assert f"of {found['total']} tests of {found['clips']} clips right" in text


def test_learning_curves_are_drawn_where_there_are_any(made, tmp_path):
    assert [tag for tag, a in made.parsed.elements if a.get("id") == "curves"] == ["section"]
    text = dataset.write_page(made.options, tmp_path / "bare.html", learning_curve=None).read_text()
    assert "Learning curves" not in text
    assert Parsed(text).open == []


def test_a_script_cannot_be_left_from_within_its_data():
    hostile = {"</script>": ["<!--", "a & b", "\u2028", "\x00"]}
    text = as_data(hostile)
    assert not set("<>&\u2028\x00") & set(text)
    assert json.loads(text) == hostile


def test_letters_that_html_has_no_place_for_are_replaced():
    assert printable("a\x00b\x1b[1m\nc\udcff") == "a\ufffdb\ufffd[1m\nc\ufffd"
    assert printable(0.5) == 0.5


@pytest.mark.parametrize(
    "value, text", [(0.0991, "0.0991"), (10, "10"), (999.4, "999"), (12345, "12,345"), (0, "0")]
)
def test_figures_have_three_digits_or_all_before_the_point(value, text):
    assert figure(value) == text


def test_confusion_counts_test_clips_alone():
    table = pd.DataFrame(
        {
            **{"clip": list("abcd"), "repeat": 0, "fold": 0, "true": ["x", "x", "y", "y"]},
            **{"predicted": ["x", "y", "y", "x"], "part": ["test", "test", "test", "train"]},
            **{"x": 0.5, "y": 0.5},
        }
    )
    found = confusion(pd.concat([table, table.assign(fold=1)]))
    assert (found["right"], found["total"], found["clips"]) == (4, 6, 3)
    assert [[c["count"] for c in row["cells"]] for row in found["rows"]] == [[2, 2], [0, 2]]
    assert [[c["level"] for c in row["cells"]] for row in found["rows"]] == [[5, 5], [0, 10]]
    assert [row["right"] for row in found["rows"]] == [0.5, 1.0]


def test_the_most_confident_mistakes_come_first():
    percents = np.array([[90, 10], [20, 80], [95, 5], [30, 70], [99, 1]], dtype=np.uint8)
    shown = {
        "genres": ["x", "y"],
        "clips": list("abcde"),
        "genre": [0, 0, 1, 0, 1],
        "fold": [0, 0, 1, 1, -1],
        "neighbours": [[1, 2], [2, 0], [], [0], [0]],
        "distances": [[1.0, 2.0], [1.5, 3.0], [], [2.0], [2.0]],
        "models": {
            "graphsage": {
                "predicted": [0, 1, 0, 1, -1],
                "probabilities": dataset.encoded(percents),
            }
        },
    }
    found = most_confused(shown, 2, 1)
    assert [(each["clip"], each["true"], each["predicted"], each["percent"]) for each in found] == [
        ("c", "y", "x", 95),
        ("b", "x", "y", 80),
    ]
    assert found[0]["neighbours"] == []
    assert found[1]["neighbours"] == [{"clip": "c", "genre": "y", "distance": 1.5}]


def test_places_of_the_accuracies_are_on_one_scale(made):
    summary = read_result(made.options["folder"] / "summary.csv").fillna({"note": ""})
    (experiment,) = accuracies(summary)
    keys = [(part["name"], part["aggregation"]) for part in experiment["parts"]]
    assert keys == [(p, a) for p in ("paper", "clean") for a in ("none", "artist")]
    rows = [row for part in experiment["parts"] for row in part["models"]]
    means, places = ([row[key] for row in rows] for key in ("mean", "at"))
    slope, start = np.polyfit(means, places, 1)
    assert np.abs(np.polyval([slope, start], means) - places).max() < 0.01
    stated = [row["paper_at"] for row in rows if row["paper_at"] is not None]
    assert stated == pytest.approx([slope * dataset.PAPER + start], abs=0.01)


def test_a_spread_is_of_what_the_table_has():
    table = pd.DataFrame({"k": [5, 7]})
    assert spread(table, {"k": "neighbours", "gone": "what former tables lack"}) == [
        {"what": "neighbours", "mean": 6.0, "low": 5.0, "high": 7.0}
    ]


def test_the_page_names_no_fact_that_there_is_not(made, tmp_path):
    """A template of one's own that asks for more is an error."""
    shutil.copyfile(dataset.SCRIPTS / "page/page.html.jinja", tmp_path / "mine.jinja")
    template = (tmp_path / "mine.jinja").read_text() + "{{ nonsense }}"
    with pytest.raises(page.jinja2.UndefinedError):
        page.page(template, "", "", {"map": {}})
