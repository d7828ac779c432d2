"""The page as a reader has it: opened from disk by a real browser, without a network."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import axe_core_python
import numpy as np
import pandas as pd
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait
from tests.report import dataset

from genregraph.datasets.sheet import Row, read_sheet, write_sheet
from genregraph.evaluation.outputs import read_result

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="there is no chromium and chromedriver: install them"
)
SWITCHES = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
    "--force-prefers-reduced-motion",  # A page that glides while it is clicked is missed.
    # No name is resolved and no proxy asked: there is no network.
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--no-proxy-server"),
]
MARGIN = 22  # Of the map, in pixels.
SHOWS = "return [...document.querySelectorAll('#map-rows th')].map(cell => cell.textContent)"


class Page:
    """The report in the browser."""

    def __init__(self, driver: webdriver.Chrome, path: Path) -> None:
        self.driver, self.path = driver, path

    def open(self, width: int = 1280, scheme: str = "light") -> "Page":
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        self.driver.get(self.path.as_uri())
        return self

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return self.find(selector).get_property("textContent")

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def choose(self, name: str, label: str) -> None:
        Select(self.find(f"#map-{name}")).select_by_visible_text(label)

    def shown(self) -> int:
        return int(self.text("#map-status").split(" of ")[0].replace(",", ""))

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for switch in [*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('user')}"]:
        options.add_argument(switch)
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield started
    started.quit()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The small dataset's report, and its copy a folder above."""
    project = tmp_path_factory.mktemp("project")
    options = dataset.write_dataset(project)
    report = dataset.write_page(options, project / "results/mine/report.html")
    shutil.copyfile(report, project / "results/report.html")
    clean = options["maps"][0]
    return SimpleNamespace(
        report=report,
        options=options,
        summary=read_result(options["folder"] / "summary.csv"),
        comparisons=read_result(options["folder"] / "comparisons.csv"),
        map=json.loads(clean.read_text()),
    )


@pytest.fixture
def page(driver: webdriver.Chrome, made: SimpleNamespace) -> Iterator[Page]:
    """The page, newly opened; whatever was done to it, the console must have stayed empty."""
    opened = Page(driver, made.report).open()
    yield opened
    assert opened.complaints() == []
    assert driver.title == "Music genres of mine: report of genregraph"


def test_the_front_page_has_the_numbers_of_the_summary(page: Page, made: SimpleNamespace) -> None:
    rows = page.run(
        "return [...document.querySelectorAll('tr[data-model]')].map(row => [row.dataset.protocol,"
        " row.dataset.model, ...[...row.cells].map(cell => cell.textContent.trim())])"
    )
    summary = made.summary
    assert [row[:2] for row in rows] == summary[["protocol", "model"]].to_numpy().tolist()
    assert [row[3] for row in rows] == [f"{mean:.4f}" for mean in summary["mean"]]
    ends = zip(summary["ci_low"], summary["ci_high"], strict=True)
    assert [row[5] for row in rows] == [f"{low:.4f} to {high:.4f}" for low, high in ends]
    stated = [row[4] for row in rows if row[4]]
    assert stated == [f"the paper: {dataset.PAPER:.4f}"]
    answer = page.text("#answer")
    of = "protocol == 'clean' and model == 'graphsage'"
    assert all(f"{mean:.4f}" in answer for mean in summary.query(of)["mean"])
    gains = made.comparisons.query(f"{of} and question == 'messages'")["difference"]
    assert all(f"{100 * gain:+.1f}" in answer for gain in gains)


def test_points_and_bars_stand_where_the_numbers_say(page: Page, made: SimpleNamespace) -> None:
    """By the two outermost ticks, the middle of a mark and the ends of its bar are the numbers."""
    ticks = page.run(
        "return [...document.querySelectorAll('.compared .ticks text')].map(t => {"
        " const b = t.getBoundingClientRect(); return [b.x + b.width / 2, Number(t.textContent)] })"
    )
    (x0, low), (x1, high) = ticks[0], ticks[-1]
    marks = page.run(
        "return [...document.querySelectorAll('tr[data-model] .strip')].map(cell => {"
        " const [b, m] = ['.bar', '.mark'].map(s => cell.querySelector(s).getBoundingClientRect());"
        " return [m.x + m.width / 2, b.x, b.x + b.width] })"
    )
    values = low + (np.array(marks) - x0) * (high - low) / (x1 - x0)
    expected = made.summary[["mean", "ci_low", "ci_high"]].to_numpy()
    assert np.abs(values - expected.clip(0, 1)).max() < 0.01
    diamond = page.run(
        "const b = document.querySelector('tr path.paper').getBoundingClientRect();"
        "return b.x + b.width / 2"
    )
    assert abs(low + (diamond - x0) * (high - low) / (x1 - x0) - dataset.PAPER) < 0.01


def test_every_section_opens(page: Page) -> None:
    page.run("document.querySelectorAll('details').forEach(d => { d.open = false })")
    for summary in page.driver.find_elements(By.TAG_NAME, "summary"):
        summary.click()
    assert page.run("return [...document.querySelectorAll('details')].every(d => d.open)")
    assert page.run(
        "return [...document.querySelectorAll('section, details')].every(s => s.offsetHeight > 40)"
    )
    links = page.run("return [...document.querySelectorAll('a')].map(a => a.hash.slice(1))")
    assert all(page.run("return !!document.getElementById(arguments[0])", link) for link in links)
    assert page.run("return [...document.querySelectorAll('svg.plot')].length") == 10


def test_a_link_opens_what_it_leads_to(page: Page) -> None:
    page.run("document.querySelector('details.experiment').open = false")
    page.find(".compared caption a").click()
    WebDriverWait(page.driver, 5).until(
        lambda _: page.run("return document.querySelector('details.experiment').open")
    )


def place(page: Page, shown: dict[str, Any], clip: int) -> tuple[float, float]:
    """Where a clip lies on the whole map, from the middle of the canvas."""
    box = page.run(
        "const b = document.getElementById('map-points').getBoundingClientRect();"
        "return [b.width, b.height]"
    )
    about = np.column_stack([shown["x"], shown["y"]]) - 0.5
    unit = np.min((np.array(box) - 2 * MARGIN) / (2 * np.abs(about).max(axis=0)))
    return float(about[clip, 0] * unit), float(-about[clip, 1] * unit)


def hover(page: Page, shown: dict[str, Any], clip: int) -> ActionChains:
    canvas = page.find("#map-points")
    page.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", canvas)
    x, y = place(page, shown, clip)
    chain = ActionChains(page.driver, duration=20)
    chain.move_to_element_with_offset(canvas, round(x), round(y)).perform()
    return chain


def inked(page: Page) -> int:
    """Pixels of the upper canvas that are drawn on."""
    return page.run(
        "const o = document.getElementById('map-overlay');"
        "const c = new OffscreenCanvas(o.width, o.height).getContext('2d');"
        "c.drawImage(o, 0, 0); const d = c.getImageData(0, 0, o.width, o.height).data;"
        "let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n"
    )


def alone(shown: dict[str, Any]) -> int:
    """The clip that is furthest from its nearest other."""
    places = np.column_stack([shown["x"], shown["y"]])
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(distances, np.inf)
    return int(distances.min(axis=1).argmax())


def test_the_map_names_the_clip_that_is_pointed_at(page: Page, made: SimpleNamespace) -> None:
    clip = alone(made.map)
    assert page.find("#map-tip").get_property("hidden")
    assert inked(page) == 0
    hover(page, made.map, clip)
    WebDriverWait(page.driver, 5).until(lambda _: page.text("#map-tip"))
    assert page.text("#map-tip").startswith(made.map["clips"][clip])
    assert inked(page) > 100  # Its edges.


COLOUR = """
const [x, y] = arguments, points = document.getElementById('map-points');
const at = [points.width / 2 + x, points.height / 2 + y].map(Math.round);
const context = new OffscreenCanvas(1, 1).getContext('2d');
context.drawImage(points, ...at, 1, 1, 0, 0, 1, 1);
return [...context.getImageData(0, 0, 1, 1).data]
"""


def colour_of(page: Page, name: str) -> list[int]:
    """Red, green, blue and opacity of a colour of the style sheet."""
    return page.run(
        "const c = document.createElement('canvas').getContext('2d');"
        "c.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(arguments[0]);"
        "c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data]",
        name,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_mark_has_its_genres_colour_and_is_hollow_where_the_model_was_wrong(
    scheme: str, driver: webdriver.Chrome, made: SimpleNamespace
) -> None:
    page = Page(driver, made.report).open(scheme=scheme)
    shown = made.map
    places = np.column_stack([shown["x"], shown["y"]])
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(distances, np.inf)
    apart = distances.min(axis=1)
    right = np.array(shown["models"]["graphsage"]["predicted"]) == shown["genre"]
    drawn = []
    for good in (True, False):
        clip = int(np.where(right == good, apart, 0).argmax())
        own = f"--g{shown['genre'][clip]}"
        drawn += [(place(page, shown, clip), colour_of(page, own if good else "--paper"), clip)]
    frame = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
    for at, colour, _ in drawn:
        assert page.run(COLOUR, *at) == colour
    page.find("#map-none").click()
    driver.execute_async_script(frame)
    for at, _, _ in drawn:
        assert page.run(COLOUR, *at) == colour_of(page, "--faint")


def test_a_click_shows_neighbours_and_probabilities(page: Page, made: SimpleNamespace) -> None:
    clip = alone(made.map)
    hover(page, made.map, clip).click().perform()
    assert page.text("#map-detail h3") == made.map["clips"][clip]
    tables = page.run(
        "return [...document.querySelectorAll('#map-detail table')].map(t => [...t.tBodies[0].rows]"
        ".map(row => [...row.cells].map(cell => cell.textContent)))"
    )
    path = made.options["maps"][0].parent / "models/graphsage.parquet"
    table = pd.read_parquet(path, filters=[("fold", "==", made.map["fold"][clip])])
    table = table.set_index("clip")
    stated = table.loc[made.map["clips"][clip], dataset.GENRES].sort_values(ascending=False)
    assert [row[0] for row in tables[0]] == stated.index.tolist()
    assert [row[2] for row in tables[0]] == [f"{100 * p:.0f} %" for p in stated]
    neighbours = made.map["neighbours"][clip]
    assert [row[0] for row in tables[1]] == [made.map["clips"][j] for j in neighbours]
    assert [float(row[2]) for row in tables[1]] == made.map["distances"][clip]
    page.find("#map-detail td button").click()
    assert page.text("#map-detail h3") == made.map["clips"][neighbours[0]]


def test_a_clip_without_edges_says_so(page: Page, made: SimpleNamespace) -> None:
    page.find("#map-search").send_keys(dataset.CLIPS[dataset.NO_EDGE])
    page.find("#map-rows button").click()
    assert "distances are zero" in page.text("#map-detail")


def test_filters_and_search_leave_what_they_say(page: Page, made: SimpleNamespace) -> None:
    shown = made.map
    genre, fold = np.array(shown["genre"]), np.array(shown["fold"])
    taken = {model: np.array(own["predicted"]) for model, own in shown["models"].items()}
    assert page.shown() == dataset.N
    page.choose("fold", "1")
    assert page.shown() == (fold == 1).sum()
    page.choose("model", "svm")
    page.choose("result", "wrong ones")
    wrong = (fold == 1) & (taken["svm"] != genre)
    assert page.shown() == wrong.sum() > 0
    page.find("#map-genres input").click()
    assert page.shown() == (wrong & (genre != 0)).sum()
    page.find("#map-none").click()
    assert page.shown() == 0
    page.find("#map-every").click()
    page.choose("fold", "all")
    page.choose("result", "all clips")
    for words, found in (("SINGER D", 4), ("quotes", 1), ("clip.007", 1), ("onerror script", 1)):
        page.find("#map-search").clear()
        page.find("#map-search").send_keys(words)
        assert (words, page.shown()) == (words, found)


def test_the_table_is_the_map_in_words(page: Page) -> None:
    first = page.run(SHOWS)
    assert first == dataset.CLIPS[:15]
    page.find("#map-forth").click()
    assert page.run(SHOWS) == dataset.CLIPS[15:30]
    page.find("#map-back").click()
    assert page.run(SHOWS) == first


@pytest.mark.parametrize("copy", [False, True], ids=["of the dataset", "its copy above"])
def test_the_sound_plays_where_it_is_at_hand(
    copy: bool, driver: webdriver.Chrome, made: SimpleNamespace
) -> None:
    path = made.report.parents[1] / "report.html" if copy else made.report
    page = Page(driver, path).open()
    page.find("#map-rows button").click()
    audio = page.find("#map-detail audio")
    page.run("arguments[0].play()", audio)
    WebDriverWait(driver, 5).until(lambda _: page.run("return arguments[0].currentTime", audio))
    assert page.run("return arguments[0].duration", audio) == pytest.approx(1)
    page.find("#map-search").send_keys("clip.010")
    page.find("#map-rows button").click()
    assert not driver.find_elements(By.CSS_SELECTOR, "#map-detail audio")
    assert page.complaints() == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_no_fault(
    width: int, scheme: str, driver: webdriver.Chrome, made: SimpleNamespace
) -> None:
    page = Page(driver, made.report).open(width, scheme)
    page.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.find("#map-rows button").click()
    assert page.run("return document.documentElement.scrollWidth") <= width
    axe = Path(axe_core_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    page.run(axe)
    found = driver.execute_async_script("axe.run().then(arguments[0])")
    assert len(found["passes"]) > 20
    faults = [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]]
    assert faults == []
    assert page.complaints() == []


def test_every_control_is_reached_and_named(page: Page) -> None:
    """By the tabulator alone: the first stop skips to the report, and no stop is nameless."""
    page.run("document.body.focus()")
    seen = []
    for _ in range(60):
        ActionChains(page.driver, duration=0).send_keys("\ue004").perform()
        seen.append(
            page.run(
                "const e = document.activeElement;"
                "return [e.id, (e.ariaLabel || e.labels?.[0]?.textContent || e.textContent).trim()]"
            )
        )
    assert seen[0][1] == "Skip to the report"
    reached = [identity for identity, _ in seen]
    names = ["experiment", "model", "fold", "result", "search", "in", "out", "reset", "every"]
    assert [i for i in reached if i in {f"map-{name}" for name in names}] == [
        f"map-{name}" for name in names
    ]
    assert all(name for _, name in seen)


def test_who_chooses_by_the_keyboard_does_not_lose_their_place(
    page: Page, made: SimpleNamespace
) -> None:
    active = "return document.activeElement.textContent"
    name = made.map["clips"][7]
    page.run("document.querySelectorAll('#map-rows button')[7].focus()")
    ActionChains(page.driver, duration=0).send_keys("\ue007").perform()
    assert page.run(active) == name == page.text("#map-detail h3")
    assert page.text("#map-rows [aria-current] th") == name
    page.run("document.querySelector('#map-detail .near button').focus()")
    ActionChains(page.driver, duration=0).send_keys("\ue007").perform()
    neighbour = made.map["clips"][made.map["neighbours"][7][0]]
    assert page.run(active) == neighbour == page.text("#map-detail h3")


@pytest.fixture(scope="module")
def large(made: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report with a map of 10,000 clips, drawn at random places."""
    rng = np.random.default_rng(0)
    n, folder = 10_000, tmp_path_factory.mktemp("large")
    source = rng.integers(dataset.N, size=n)
    place = folder / dataset.EXPERIMENT / "clean"
    place.mkdir(parents=True)
    shown = {name: made.map[name] for name in ("genres", "models")}
    names = [f"clip {i}" for i in range(n)]
    shown |= {"clips": names, "genre": [made.map["genre"][i] for i in source]}
    shown |= {"fold": [made.map["fold"][i] for i in source]}
    shown |= dict(zip("xy", rng.random((2, n)).round(4).tolist(), strict=True))
    shown["neighbours"] = rng.integers(n, size=(n, 10)).tolist()
    shown["distances"] = rng.random((n, 10)).round(4).tolist()
    shown["models"] = {
        model: {
            "predicted": [own["predicted"][i] for i in source],
            "probabilities": dataset.encoded(rng.integers(100, size=(n, len(dataset.GENRES)))),
        }
        for model, own in made.map["models"].items()
    }
    (place / "map.json").write_text(json.dumps(shown))
    sheet = [Row(name, f"{name}.wav", dataset.GENRES[0], artist="someone") for name in names]
    options = {**made.options, "maps": [place / "map.json"], "sheet": folder / "mine.tsv"}
    write_sheet([*read_sheet(made.options["sheet"]), *sheet], options["sheet"])
    options["folder"] = folder / "mine"
    shutil.copytree(made.options["folder"], options["folder"])
    clips = dataset.listed([*read_sheet(options["sheet"])]).assign(status="good")
    clips.to_parquet(options["folder"] / "30s/clips.parquet", index=False)
    return dataset.write_page(options, folder / "report.html")


# What a reader does for 60 frames, and how often it draws on another canvas than the upper one.
FRAMES = """
const [name, done] = arguments, canvas = document.getElementById('map-points');
canvas.scrollIntoView({block: 'center', behavior: 'instant'});
const box = canvas.getBoundingClientRect(), search = document.getElementById('map-search');
const at = (i) => ({
  clientX: box.left + 200 + 5 * i, clientY: box.top + 100 + 4 * i, pointerId: 1, bubbles: true,
});
const send = (kind, i) => canvas.dispatchEvent(new PointerEvent(kind, at(i)));
const does = {
  nothing: () => {},
  hover: (i) => { send('pointermove', i + 0.5); send('pointermove', i); },
  pan: (i) => {
    if (i === 0) send('pointerdown', 0);
    send('pointermove', i + 0.5);
    send('pointermove', i);
    if (i === 59) send('pointerup', i);
  },
  zoom: (i) => canvas.dispatchEvent(new WheelEvent('wheel', {
    ...at(30), ctrlKey: true, deltaY: i < 30 ? -20 : 20, cancelable: true,
  })),
  filter: (i) => {
    search.value = i % 2 ? 'clip' : `clip ${i % 10}`;
    search.dispatchEvent(new Event('input'));
  },
};
const calls = {}, kept = {}, context = CanvasRenderingContext2D.prototype;
for (const each of ['drawImage', 'putImageData', 'getImageData', 'fill', 'stroke']) {
  const own = kept[each] = context[each];
  context[each] = function (...rest) {
    if (this.canvas.id !== 'map-overlay') calls[each] = (calls[each] || 0) + 1;
    return own.apply(this, rest);
  };
}
(async () => {
  for (let i = 0; i < 60; i++) {
    does[name](i);
    await new Promise(requestAnimationFrame);
  }
  Object.assign(context, kept);
  done(calls);
})();
"""


def processor_time(driver: webdriver.Chrome) -> float:
    """Milliseconds that the page's thread has had a processor."""
    metrics = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return 1000 * next(each["value"] for each in metrics if each["name"] == "TaskDuration")


def test_ten_thousand_points_are_drawn_at_once_and_only_where_they_move(
    large: Path, driver: webdriver.Chrome, record_property: Callable[[str, Any], None]
) -> None:
    """However the reader moves: a frame puts one picture at most, and pointing puts none."""
    assert large.stat().st_size < 6_000_000
    started = time.monotonic()
    page = Page(driver, large).open()
    assert page.shown() == 10_000
    record_property("seconds to open", time.monotonic() - started)
    driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    found, times = {}, {}
    for name in ("nothing", "hover", "pan", "zoom", "filter"):
        before = processor_time(driver)
        found[name] = driver.execute_async_script(FRAMES, name)
        times[name] = (processor_time(driver) - before) / 60
    # Recorded, not tested: what else the machine does would decide.
    record_property("processor milliseconds a frame", times)
    print({name: f"{each:.1f} ms" for name, each in times.items()})
    assert found["hover"] == {}
    assert page.text("#map-tip")
    for name in ("pan", "filter"):
        assert found[name].pop("putImageData") == pytest.approx(60, abs=2)
        assert found[name] == {}  # Marks are drawn once, not in each frame.
    assert found["zoom"]["putImageData"] == pytest.approx(60, abs=2)
    assert "drawImage" not in found["zoom"]
    assert page.complaints() == []
