"""The page's text; what a browser makes of it is in `test_page_in_browser`."""

import html.parser
import json
import re
import shutil

import pandas as pd
import pytest
from tests.report import dataset

from genregraph.evaluation.statistics import p_text
from genregraph.report.figures.protocol_figures import draw_confusion
from genregraph.report.page import page
from genregraph.report.page.experiment import confusion
from genregraph.report.page.page import printable
from genregraph.report.page.words import fill, points, points_span

VOID = {"meta", "input", "br"}


class Parsed(html.parser.HTMLParser):
    """Elements with their attributes, texts of scripts, cells of tables, and what was left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements, self.open, self.scripts, self.texts = [], [], [], []
        self.tables = []  # Rows of cells.
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.handle_startendtag(tag, attributes)
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

    def rows_below(self, *heads):
        """Rows of each table whose header starts so, without those that head a group."""
        tables = [table for table in self.tables if table[0][: len(heads)] == list(heads)]
        return [[row for row in table[1:] if len(row) > 1] for table in tables]


@pytest.fixture(scope="module")
def parsed(report):
    return Parsed(report.path.read_text(encoding="utf-8"))


def test_names_of_users_are_text(parsed):
    tags = {tag for tag, _ in parsed.elements}
    assert not tags & {"img", "i", "u", "split", "hostile", "scaled", "that"}
    assert [attributes for _, attributes in parsed.elements if "onerror" in attributes] == []
    assert len(parsed.scripts) == 2
    texts = "\n".join(parsed.texts)
    names = ("<i>noise</i>", "<u>it is text</u>", "Not <scaled>.", "no <split>", *dataset.GENRES)
    assert [name for name in names if name not in texts] == []


def test_page_is_well_formed_and_needs_no_other_file(parsed, report):
    names = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(names) == len(set(names)) > 20
    for tag, attributes in parsed.elements:
        assert not attributes.keys() & {"src", "style", "srcset"}, tag
        assert (attributes.get("href") or "#").startswith("#")
    metas = [attributes for _, attributes in parsed.elements if "http-equiv" in attributes]
    rules = dict(rule.split(" ", 1) for rule in metas[0]["content"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["media-src"] == "'self' file:"
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", rules["script-src"])
    urls = re.findall(r"https?://[^\s\"'<]+", report.path.read_text())
    assert set(urls) <= {"http://www.w3.org/2000/svg"}  # The name of a namespace.
    assert report.path.stat().st_size < 200_000


def test_segments_have_their_seconds():
    clips = pd.DataFrame({"clip": ["a.0", "a.1"], "start": [0, 66_150]})
    clips = clips.assign(source="a", samples=66_149)
    shown = page.with_sources({"clips": ["a.1", "a.0"]}, clips, ["b", "a"])
    assert shown["source"] == [1, 1]
    assert shown["times"] == [[3.0, 6.0], [0.0, 3.0]]
    song = clips[:1].assign(clip="a")
    assert page.with_sources({"clips": ["a"]}, song, ["a"])["times"] is None


def test_same_results_give_same_page(report):
    again = dataset.write_page(report.options, "again.html")
    assert again.read_bytes() == report.path.read_bytes()


def test_page_of_synthesised_clips_without_audio_and_learning_curve(report, parsed, tmp_path):
    config = json.loads(report.options["config"])
    config["datasets"]["mine"]["synthesised"] = True
    options = {**report.options, "config": json.dumps(config), "audio": None}
    path = dataset.write_page(options, "other.html", learning_curve=None)
    other = Parsed(path.read_text(encoding="utf-8"))
    said = ["say nothing about music" in "".join(each.texts) for each in (other, parsed)]
    assert said == [True, False]
    data = json.loads(other.scripts[0])
    assert data["audio"] == []
    assert {source["path"] for source in data["sources"]} == {""}
    assert other.rows_below("artists", "clips") == []


def test_page_without_evaluations(report, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(report.options["folder"], folder)
    for path in [*folder.glob("*.csv"), *folder.glob("experiments/*/*.csv")]:
        pd.read_csv(path).iloc[:0].to_csv(path, index=False)
    results = [folder / f"{dataset.EXPERIMENT}.csv"]
    options = {"folder": folder, "results": results, "maps": [], "learning_curve": None}
    path = dataset.write_page(report.options | options)
    texts = Parsed(path.read_text(encoding="utf-8")).texts
    said = ("No protocol of any experiment could be evaluated.", "there is no <split>")
    assert [text for text in said if text not in "".join(texts)] == []


def test_costs_and_provenance(parsed):
    texts = " ".join(" ".join(parsed.texts).split()).replace("\xa0", " ")
    said = ("models.fit 1 2.5 2.5 400", "numpy 9.9.9", "models.fit 1 0123456789abcdef 7")
    assert [text for text in said if text not in texts] == []


def test_answer_has_a_row_an_experiment(parsed, report):
    tables = parsed.rows_below("experiment", "protocol", "clips", "genres", "guessing")
    for aggregation, (row,) in zip(("none", "artist"), tables, strict=True):
        of = f"protocol == 'clean' and aggregation == {aggregation!r}"
        means = report.summary.query(of).set_index("model")["mean"]
        compared = report.comparisons.query(f"{of} and model == 'graphsage'").set_index("question")
        gain, reference = compared.loc["messages"], compared.loc["baseline", "reference"]
        accuracies = [f"{means[name]:.4f}" for name in ("graphsage", "edgeless", reference)]
        assert row[:5] == [dataset.EXPERIMENT, "clean", str(dataset.N), "3", "0.3333"]
        assert row[5:9] == [*accuracies[:2], reference, accuracies[2]]
        assert row[9:11] == [points(gain["difference"]), points_span(*gain[["ci_low", "ci_high"]])]
        assert row[11] == p_text(gain["p_groups_holm"])


def test_accuracies_are_those_of_the_summary(parsed, report):
    ((*rows,),) = parsed.rows_below("model", "accuracy")
    for row, own in zip(rows, report.summary.to_dict("records"), strict=True):
        assert row[:2] == [own["model"], f"{own['mean']:.4f}"]
        assert row[3] == f"{own['ci_low']:.4f} to {own['ci_high']:.4f}"
    stated = [row[2].strip() for row in rows]
    assert [text for text in stated if text] == [f"the paper: {dataset.PAPER:.4f}"]


def test_comparisons_are_those_of_their_table(parsed, report):
    ((*rows,),) = parsed.rows_below("model", "settings")
    assert len(rows) == len(report.comparisons)
    said = {tuple(row[i] for i in (0, 3, *range(5, 14))) for row in rows}
    tests = ("p_folds", "p_folds_holm", "p_groups", "p_groups_holm")
    for row in report.comparisons.to_dict("records"):
        numbers = [points(row[name]) for name in ("difference", "ci_low", "ci_high")]
        numbers.append(points(row["equivalent_within"]).lstrip("+"))  # A magnitude has no sign.
        texts = [row["model"], row["reference"], *numbers, *(p_text(row[test]) for test in tests)]
        assert (*texts, str(row["n_tests"])) in said
    assert {row[1] for row in rows if row[0] == dataset.VARIANT} == {"k: 2"}


def test_calibration_is_that_of_its_table(parsed, report):
    folder = report.options["folder"] / "experiments" / dataset.EXPERIMENT
    ((*rows,),) = parsed.rows_below("model", "temperature")
    names = "log_loss log_loss_low brier confidence accuracy calibration_error".split()
    said = {tuple(row[i] for i in (0, 2, 3, 5, 8, 9, 10)) for row in rows}
    for row in pd.read_csv(folder / "calibration.csv").to_dict("records"):
        assert (row["model"], *(f"{row[name]:.4f}" for name in names)) in said
    assert {row[1] for row in rows} == {"-", "1.65"}


def test_learning_curves_are_means_over_repeats(parsed):
    ((*rows,),) = parsed.rows_below("artists", "clips", "graphsage", "lda")
    assert rows[:2] == [["4", "24", "0.5000", "0.4000"], ["6", "24", "0.6000", "0.5000"]]
    assert rows[2:] == [["4", "12", "0.4500", "0.3500"], ["4", "24", "0.5000", "0.4000"]]


def test_confusion_counts_tests():
    """A clip that is tested twice counts twice in the table, and once among the clips."""
    table = pd.DataFrame({"clip": list("abcd"), "true": list("xxyy"), "predicted": list("xyyx")})
    table = table.assign(part=["test", "test", "test", "train"], x=0.5, y=0.5, untested=0)
    table = table.assign(repeat=0, fold=0)
    both = pd.concat([table, table.assign(fold=1)])
    facts = confusion(both)
    assert (facts["right"], facts["total"], facts["clips"]) == (4, 6, 3)
    x, y, untested = facts["rows"]
    assert x == ("x", [[2, 5], [2, 5], [0, 0]], "50 %")
    assert y == ("y", [[0, 0], [2, 10], [0, 0]], "100 %")
    assert untested == ("untested", [[0, 0]] * 3, "0 %")
    [image] = draw_confusion(both).axes[0].images
    assert image.get_array().sum(axis=1).tolist() == [1, 1, 0]


def test_many_genres_keep_the_page_small(report, tmp_path):
    """Beyond 40 genres, the most frequent mistakes stand for the confusion table."""
    genres = [f"genre {i:03d}" for i in range(400)]
    options = dataset.enlarge(report.options, tmp_path, 4000, genres)
    text = dataset.write_page(options).read_text()
    assert len(text) < 3_000_000
    ((*rows,),) = Parsed(text).rows_below("genre", "predicted", "tests", "share")
    counts = [int(row[2]) for row in rows]
    assert len(counts) == 40
    assert counts == sorted(counts, reverse=True)


def test_hostile_letters():
    hostile = {"</script>": ["<!--", "a & b", "\u2028", "\x00"]}
    text = fill("{{ hostile | tojson }}", {"hostile": hostile}, autoescape=True)
    assert not set("<>&\u2028\x00") & set(text)
    assert json.loads(text) == hostile
    assert printable("a\x00b\x1b[1m\nc\udcff") == "a\ufffdb\ufffd[1m\nc\ufffd"
