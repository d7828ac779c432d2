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
from report.beside import trust
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


def rows_below(parsed, *heads):
    """Rows of cells of each table whose header starts so, without the rows that head a protocol."""
    found = [table for table in parsed.tables if table[0][: len(heads)] == list(heads)]
    return [[row for row in table[1:] if len(row) > 1] for table in found]


def points(*shares):
    return [f"{100 * share:+.1f}" for share in shares]


def as_p(values):
    return ["-" if p != p else "< .001" if p < 0.001 else f"{p:.3f}" for p in values]


def read_beside(made, kind):
    return pd.read_csv(made.options["folder"] / f"experiments/{dataset.EXPERIMENT}/{kind}.csv")


def test_calibration_is_that_of_its_table(made):
    table = read_beside(made, "calibration")
    ((*found,),) = rows_below(made.parsed, "model", "temperature")
    assert [row[0] for row in found] == table["model"].tolist()
    assert {row[1] for row in found} == {"-", "1.65"}
    for column, digits, place in (
        *(("log_loss", 3, 2), ("brier", 3, 4), ("confidence", 4, 6)),
        *(("accuracy", 4, 7), ("calibration_error", 4, 8)),
    ):
        assert [row[place] for row in found] == [f"{x:.{digits}f}" for x in table[column]]
    for column, place in (("log_loss", 3), ("brier", 5)):
        ends = zip(table[f"{column}_low"], table[f"{column}_high"], strict=True)
        assert [row[place] for row in found] == [f"{low:.3f} to {high:.3f}" for low, high in ends]
    text = " ".join(" ".join(made.parsed.texts).split())
    for row in table.query("model == 'graphsage' and scaling == 'none'").itertuples():
        assert f"{100 * row.confidence:.1f} % sure and {100 * row.accuracy:.1f} % right" in text


def test_songs_are_those_of_their_table(made):
    table = read_beside(made, "pooled").astype({"against": object}).fillna({"against": "-"})
    ((*found,),) = rows_below(made.parsed, "model", "songs")
    assert [row[0] for row in found] == table["model"].tolist()
    assert [row[5] for row in found] == table["against"].tolist()
    for row, said in zip(table.itertuples(), found, strict=True):
        assert said[1:4] == [str(row.songs), str(row.groups), f"{row.accuracy:.4f}"]
        assert said[4] == f"{row.ci_low:.4f} to {row.ci_high:.4f}"
        if row.against == "-":
            assert set(said[5:13]) == {"-"}
            continue
        gain, low, high = points(row.gain, row.gain_low, row.gain_high)
        counts = [row.both, row.only_model, row.only_edgeless, row.neither]
        assert said[6:8] == [f"{gain} points", f"{low} to {high}"]
        assert said[8:12] == [str(count) for count in counts]
    assert [row[12] for row in found] == as_p(table["p_by_group"])
    assert [row[13] for row in found] == as_p(table["p_paper_vs_clean"])


@pytest.mark.parametrize(
    "kind, name, heads",
    [("ahead", "model", ("graph model",)), ("variants", "variant", ("variant", "settings"))],
)
def test_comparisons_are_those_of_their_tables(made, kind, name, heads):
    table = read_beside(made, kind)
    ((*found,),) = rows_below(made.parsed, *heads)
    assert [row[0] for row in found] == table[name].tolist()
    for row, said in zip(table.to_dict("records"), found, strict=True):
        assert f"{row['mean']:.4f}" in said
        if row["difference"] == row["difference"]:
            difference, low, high = points(*(row[k] for k in ("difference", "ci_low", "ci_high")))
            assert said[4:6] == [f"{difference} points", f"{low} to {high}"]
        assert said[6:] == as_p([row["p"], row["p_by_group"]])


def test_a_variant_is_said_to_differ_in_its_settings(made):
    ((*found,),) = rows_below(made.parsed, "variant", "settings")
    said = {row[0]: row[1] for row in found}
    assert said == {"graphsage": "-", "edgeless": "no messages", dataset.VARIANT: "hidden: <5>"}


def test_candidates_are_those_of_their_table_and_their_own_names(made):
    table = read_beside(made, "choices")
    ((*found,),) = rows_below(made.parsed, "model", "candidate")
    expected = [
        [
            model,
            candidate,
            f"{rows['chosen'].sum()} of {len(rows)}",
            f"{rows['inner_brier'].mean():.4f}",
            f"{rows['inner_accuracy'].mean():.4f}",
            f"{rows['test_accuracy'].mean():.4f}",
        ]
        for (_, model, candidate), rows in table.groupby(
            ["protocol", "model", "candidate"], sort=False
        )
    ]
    assert found == expected
    assert {row[1] for row in found} == {"logistic", "<blend>"}


def test_what_is_told_artists_is_said_to_be(made):
    config = json.loads(made.options["config"])
    (experiment,) = config["experiments"].values()
    experiment["graph"]["among"] = "artist"
    path = made.project / "told.html"
    told = dataset.write_page(made.options, path, config=json.dumps(config)).read_text()
    for words in (
        f"euclidean distance, k {dataset.K}, among clips that are known to be of one artist",
        "are told which clips these are, of test clips, too; no other model is.",
        "Where neighbours are clips that the network is told are of one artist",
        "the least log loss of a protocol, of models that are not told artists, is bold",
    ):
        assert words in told
        assert words not in made.text
    tables = {kind: read_beside(made, kind) for kind in ("calibration", "reliability")}
    losses = tables["calibration"].query("protocol == 'clean'").set_index("model")["log_loss"]
    assert trust(tables, "clean")["least"] == losses.min()
    assert trust(tables, "clean", of_artists=True)["least"] == losses.drop("graphsage").min()


def test_what_an_experiment_has_not_is_not_spoken_of(made):
    text = dataset.write_page(made.options, made.project / "bare.html", beside=[]).read_text()
    parsed = Parsed(text)
    assert parsed.open == []
    kinds = "Song by song", "Reliability", "best classifier", "What each choice", "models chose"
    for words in kinds:
        assert words in made.text
        assert words not in text


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
