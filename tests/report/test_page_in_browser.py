"""The page as a reader has it: opened from disk by a real browser, without a network."""

import base64
import io
import shutil
from pathlib import Path

import axe_core_python
import numpy as np
import pandas as pd
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait
from tests.report import dataset

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="there is no chromium and chromedriver: install them"
)
SWITCHES = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    # No name is resolved and no proxy asked: there is no network.
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--no-proxy-server"),
]
WIDTHS = [1280, 390]
ENTER = "\ue007"
SHOWS = "return [...document.querySelectorAll('#map-rows th')].map(cell => cell.textContent)"
BOX = "const b = arguments[0].getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]"


class Page:
    """The report in the browser."""

    def __init__(self, driver, path, width=1280, scheme="light"):
        self.driver, self.run = driver, driver.execute_script
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        driver.get(path.as_uri())

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).get_property("textContent")

    def wait(self, condition):
        WebDriverWait(self.driver, 5).until(lambda _: condition())

    def choose(self, name, label):
        Select(self.find(f"#map-{name}")).select_by_visible_text(label)

    def search(self, words):
        self.find("#map-search").clear()
        self.find("#map-search").send_keys(words)

    def mark(self, clip):
        return self.find(f"#map-points [data-clip='{clip}']")

    def style(self, clip, name):
        return self.mark(clip).value_of_css_property(name)

    def shown(self):
        return int(self.text("#map-status").split(" of ")[0].replace(",", ""))

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    options = webdriver.ChromeOptions()
    for switch in [*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('user')}"]:
        options.add_argument(switch)
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield started
    started.quit()


@pytest.fixture
def page(driver, report):
    """The page, newly opened; whatever was done to it, the console must have stayed empty."""
    opened = Page(driver, report.path)
    yield opened
    assert opened.complaints() == []
    assert driver.title == "Music genres of mine: report of genregraph"


@pytest.mark.parametrize("width", WIDTHS)
def test_strips_have_one_scale(width, driver, report):
    """One place and width; by the outermost ticks, marks and bars stand where the numbers say."""
    page = Page(driver, report.path, width)
    boxes = page.run(
        "return [...document.querySelectorAll('td.strip > svg')].map(svg => {"
        " const at = name => { const b = svg.querySelector(name)?.getBoundingClientRect();"
        "  return b ? [b.left, (b.left + b.right) / 2, b.right] : [0, 0, 0] };"
        " const own = svg.getBoundingClientRect();"
        " return [own.left, own.right, at('.mark')[1], at('.bar')[0], at('.bar')[2],"
        "  at('.guess')[1], at('.paper')[1]] })"
    )
    left, right, mean, low, high, guess, paper = np.array(boxes).T
    assert np.ptp(left) == np.ptp(right) == 0
    ticks = page.run(
        "return [...document.querySelectorAll('.ticks text')].map(t => {"
        " const b = t.getBoundingClientRect(); return [b.x + b.width / 2, Number(t.textContent)] })"
    )
    value = np.poly1d(np.polyfit(*np.array(ticks).T, 1))
    expected = report.summary[["mean", "ci_low", "ci_high"]].to_numpy().clip(0, 1)
    assert value(np.stack([mean, low, high], axis=1)) == pytest.approx(expected, abs=0.01)
    assert value(guess) == pytest.approx(1 / 3, abs=0.01)
    assert value(paper[paper > 0]) == pytest.approx([dataset.PAPER], abs=0.01)


def test_links_lead_to_open_parts(page):
    page.run("document.querySelectorAll('details').forEach(d => { d.open = false })")
    page.find(".compared caption a").click()
    page.wait(lambda: page.run("return document.querySelector('details.experiment').open"))


def test_pointing_at_a_clip_names_it_and_shows_its_edges(page, report):
    page.run("arguments[0].scrollIntoView({block: 'center'})", page.find("#map-stage"))
    ActionChains(page.driver, duration=20).move_to_element(page.mark(7)).perform()
    page.wait(lambda: page.text("#map-tip"))
    clip = report.map["clips"].index(page.text("#map-tip div"))
    assert len(page.all("#map-edges line")) == 1 + len(report.map["neighbours"][clip])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_are_hollow_where_the_model_was_wrong(scheme, driver, report):
    page = Page(driver, report.path, scheme=scheme)
    paper = page.find("body").value_of_css_property("background-color").replace("rgba", "rgb")
    paper = paper.replace(", 1)", ")")
    ranked = report.map["models"]["graphsage"]
    right = [own[0][0] == genre for own, genre in zip(ranked, report.map["genre"], strict=True)]
    good, bad = right.index(True), right.index(False)
    assert page.style(good, "fill") != paper == page.style(good, "stroke")
    assert page.style(bad, "fill") == paper != page.style(bad, "stroke")
    page.find("#map-none").click()
    assert page.style(good, "fill") == page.style(bad, "fill") != paper


def test_click_shows_neighbours_and_probabilities(page, report):
    clip = 7
    page.run("arguments[0].dispatchEvent(new Event('click', {bubbles: true}))", page.mark(clip))
    assert page.text("#map-clip") == report.map["clips"][clip]
    rows, near = page.run(
        "return ['probabilities', 'near'].map(id => [...document.getElementById('map-' + id).rows]"
        ".map(row => [...row.cells].map(cell => cell.textContent)))"
    )
    path = report.options["maps"][0].parent / "models/graphsage.parquet"
    table = pd.read_parquet(path, filters=[("fold", "==", report.map["fold"][clip])])
    stated = table.set_index("clip").loc[report.map["clips"][clip], dataset.GENRES]
    stated = stated[stated >= 0.005].sort_values(ascending=False)
    percents = [[genre, f"{100 * p:.0f} %"] for genre, p in stated.items()]
    assert [[row[0], row[2]] for row in rows] == percents
    neighbours = report.map["neighbours"][clip]
    assert [row[0] for row in near] == [report.map["clips"][j] for j, _ in neighbours]
    assert [float(row[2]) for row in near] == [distance for _, distance in neighbours]
    page.search(dataset.CLIPS[dataset.NO_EDGE])
    page.find("#map-rows button").click()
    assert "distances are zero" in page.find("#map-alone").text


@pytest.mark.parametrize("width", WIDTHS)
def test_chosen_clip_is_shown_where_the_reader_looks(width, driver, report):
    """The panel is in the window; neither the row nor the focus moves."""
    page = Page(driver, report.path, width)
    button = page.all("#map-rows button")[9]
    page.run("arguments[0].scrollIntoView({block: 'center'})", button)
    before = page.run(BOX, button)
    button.send_keys(ENTER)
    name = report.map["clips"][9]
    assert page.text("#map-clip") == name == page.text("#map-rows [aria-current] th")
    assert page.run("return document.activeElement.textContent") == name
    left, top, right, bottom = page.run(BOX, page.find("#map-clip"))
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= 900
    assert page.run(BOX, button) == before
    page.run("document.querySelector('#map-near button').focus()")
    page.run("return document.activeElement").send_keys(ENTER)
    neighbour = report.map["clips"][report.map["neighbours"][9][0][0]]
    assert page.run("return document.activeElement.textContent") == neighbour


def test_filters_search_and_pages(page, report):
    assert page.run(SHOWS) == dataset.CLIPS[:15]
    page.find("#map-forth").click()
    assert page.run(SHOWS) == dataset.CLIPS[15:30]
    genre, fold = np.array(report.map["genre"]), np.array(report.map["fold"])
    svm = np.array([own[0][0] for own in report.map["models"]["svm"]])
    assert page.shown() == dataset.N
    page.choose("fold", "1")
    assert page.shown() == (fold == 1).sum()
    page.choose("model", "svm")
    page.choose("result", "wrong ones")
    wrong = (fold == 1) & (svm != genre)
    assert page.shown() == wrong.sum() > 0
    cells = "return [...document.querySelectorAll('#map-rows tr')].map(r => r.cells[5].textContent)"
    confidences = [int(cell.removesuffix(" %")) for cell in page.run(cells)]
    assert confidences == sorted(confidences, reverse=True)
    page.find("#map-genres input").click()
    assert page.shown() == (wrong & (genre != 0)).sum()
    page.find("#map-none").click()
    assert page.shown() == 0
    page.find("#map-every").click()
    page.choose("fold", "all")
    page.choose("result", "all clips")
    for words, number in (("SINGER D", 4), ("quotes", 1), ("clip.007", 1), ("onerror script", 1)):
        page.search(words)
        assert (words, page.shown()) == (words, number)


@pytest.mark.parametrize("place", ["results/mine", "results"])
def test_sound_plays_where_it_is_at_hand(place, driver, report):
    page = Page(driver, report.project / place / "report.html")
    page.find("#map-rows button").click()
    audio = page.find("#map-detail audio")
    page.run("arguments[0].play()", audio)
    page.wait(lambda: page.run("return arguments[0].currentTime", audio))
    assert page.run("return arguments[0].duration", audio) == pytest.approx(1)
    page.search("clip.010")
    page.find("#map-rows button").click()
    assert not page.all("#map-detail audio")
    assert page.complaints() == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_no_fault(width, scheme, driver, report):
    page = Page(driver, report.path, width, scheme)
    page.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.find("#map-rows button").click()
    assert page.run("return document.documentElement.scrollWidth") <= width
    page.run(Path(axe_core_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8"))
    results = driver.execute_async_script("axe.run().then(arguments[0])")
    assert len(results["passes"]) > 20
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in results["violations"]] == []


def test_without_javascript_there_is_no_dead_control(driver, report):
    disabled = "Emulation.setScriptExecutionDisabled"
    driver.execute_cdp_cmd(disabled, {"value": True})
    try:
        page = Page(driver, report.path)
        shown = page.all("#map button, #map select, #map input")
        assert [element for element in shown if element.is_displayed()] == []
        assert "needs JavaScript" in page.find("#map").text
    finally:
        driver.execute_cdp_cmd(disabled, {"value": False})


def test_print_cuts_nothing_off(page):
    """The last column of wide tables and the end of the configuration; no heading ends a page."""
    pypdf = pytest.importorskip("pypdf")
    options = {"printBackground": True, "paperWidth": 8.27, "paperHeight": 11.69}
    printed = page.driver.execute_cdp_cmd("Page.printToPDF", options)["data"]
    pages = pypdf.PdfReader(io.BytesIO(base64.b64decode(printed))).pages
    texts = [each.extract_text().strip() for each in pages]
    printed = "".join("".join(texts).split())
    # Once in the text that explains the table, then above the column.
    columns = ("smallestdetectable", "calibrationexpected", "adjustedp")
    assert [name for name in columns if printed.count(name) < 2] == []
    assert "".join(page.text("pre").split())[-100:] in printed
    last = [text.splitlines()[-1] for text in texts]
    headings = page.run("return [...document.querySelectorAll('h2, h3, h4')].map(h => h.innerText)")
    assert [line for line in last if line in headings] == []


def test_ten_thousand_clips(driver, report, tmp_path):
    genres = [f"genre {i}" for i in range(100)]
    options = dataset.enlarge(report.options, tmp_path, 10_000, genres)
    path = dataset.write_page(options)
    assert path.stat().st_size < 6_000_000
    page = Page(driver, path)
    assert page.shown() == 10_000
    page.search("clip 77")
    assert page.shown() == sum("77" in str(i) for i in range(10_000))
    assert page.complaints() == []
