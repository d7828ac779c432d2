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

from report import page
from report.page import as_data, compared, confusion, figure, most_confused, printable, spread

VOID = {"meta", "input", "br"}


class Parsed(html.parser.HTMLParser):
    """Elements with their attributes, the texts of scripts, and what was left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data):
        (self.scripts if self.open[-1:] == ["script"] else self.texts).append(data)


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
    text = dataset.write_page(made.options, made.project / "unheard.html", audio=None).read_text()
    data = json.loads(Parsed(text).scripts[0])
    assert data["audio"] == []
    assert {source["path"] for source in data["sources"]} == {""}


def test_of_synthesised_clips_the_page_says_what_they_are(made):
    text = dataset.write_page(made.options, made.project / "synth.html", synthesised=True)
    assert "say nothing about music" in text.read_text()
    assert "say nothing about music" not in made.text


def test_where_nothing_could_be_evaluated_there_is_a_page_all_the_same(made, tmp_path):
    options = dict(made.options)
    for name in ("results", "summary"):
        source = options[name][0] if name == "results" else options[name]
        path = tmp_path / source.name
        pd.read_csv(source).iloc[:0].to_csv(path, index=False)
        options[name] = [path] if name == "results" else path
    text = dataset.write_page({**options, "maps": []}, tmp_path / "report.html").read_text()
    assert "No protocol of any experiment could be evaluated." in text
    assert "there is no &lt;split&gt;" in text
    assert Parsed(text).open == []


def test_costs_and_provenance_are_those_of_the_files(made):
    texts = " ".join(" ".join(made.parsed.texts).split())
    assert "learning.graphsage 1 2.5 2.5 400" in texts
    assert "numpy\xa09.9.9" in " ".join(made.parsed.texts)
    assert "0123456789abcdef 7 1" in texts


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
            "clip": list("abcd"),
            "true": ["x", "x", "y", "y"],
            "predicted": ["x", "y", "y", "x"],
            "part": ["test", "test", "test", "train"],
            "x": 0.5,
            "y": 0.5,
        }
    )
    found = confusion([table, table])
    assert (found["right"], found["total"]) == (4, 6)
    assert [[c["count"] for c in row["cells"]] for row in found["rows"]] == [[2, 2], [0, 2]]
    assert [[c["level"] for c in row["cells"]] for row in found["rows"]] == [[5, 5], [0, 10]]
    assert [row["right"] for row in found["rows"]] == [0.5, 1.0]


def test_the_surest_mistakes_come_first():
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


def test_places_of_the_comparison_are_on_one_scale(made):
    summary = pd.read_csv(made.options["summary"]).fillna({"note": ""})
    (experiment,) = compared(summary)
    rows = [row for protocol in experiment["protocols"] for row in protocol["models"]]
    means, places = ([row[key] for row in rows] for key in ("mean", "at"))
    slope, start = np.polyfit(means, places, 1)
    assert np.abs(np.polyval([slope, start], means) - places).max() < 0.01
    stated = [row["paper_at"] for row in rows if row["paper_at"] is not None]
    assert stated == pytest.approx([slope * dataset.PAPER + start], abs=0.01)


def test_a_spread_is_told_of_what_the_table_has():
    table = pd.DataFrame({"k": [5, 7]})
    assert spread(table, {"k": "neighbours", "gone": "what former tables lack"}) == [
        {"what": "neighbours", "mean": 6.0, "low": 5.0, "high": 7.0}
    ]


def test_the_page_names_no_fact_that_there_is_not(made, tmp_path):
    """A template of one's own is told what it asks for in vain."""
    shutil.copyfile(dataset.SCRIPTS / "page.html.jinja", tmp_path / "mine.jinja")
    template = (tmp_path / "mine.jinja").read_text() + "{{ nonsense }}"
    with pytest.raises(page.jinja2.UndefinedError):
        page.page(template, "", "", {"map": {}})
