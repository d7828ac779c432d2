"use strict";
(() => {
  // Parts of the page that are folded away open when something in them is asked for, and in print.
  const unfold = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target?.closest("details");
    if (folded) folded.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((d) => { d.open = true; });
  });

  const data = JSON.parse(document.getElementById("map-data").textContent);
  const names = Object.keys(data.maps);
  if (!names.length) return;

  const COLOURS = 11; // As many as the style sheet has.
  const PAGE = 15; // Rows of the table.
  const RADII = [[400, 0.008], [3000, 0.006], [Infinity, 0.0045]]; // By clips; of the map's width.
  // Outlines of the genres' marks, in a square from -1 to 1; the first is a circle.
  const MARKS = [
    "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z", "M-.85-.85H.85V.85H-.85Z", "M0-1.15 1.15 0 0 1.15-1.15 0Z",
    "M0-1.1 1.1.85H-1.1Z", "M0 1.1 1.1-.85H-1.1Z",
    "M-.35-1.1H.35V-.35H1.1V.35H.35V1.1H-.35V.35H-1.1V-.35H-.35Z",
    "M0-1.2.32-.37 1.2-.37.5.17.75 1.05 0 .53-.75 1.05-.5.17-1.2-.37-.32-.37Z",
    "M-1.1 0 .85 1.1V-1.1Z", "M1.1 0-.85 1.1V-1.1Z", "M-1.1 0-.55-.95H.55L1.1 0 .55.95H-.55Z",
    "M-1.1-.5V.5L-.5 1.1H.5L1.1.5V-.5L.5-1.1H-.5Z", "M0-1.1 1.05-.3.65.95H-.65L-1.05-.3Z",
  ];
  const get = (id) => document.getElementById(`map-${id}`);
  const text = (value) => String(value).replace(/[\p{Cc}\p{Cs}]/gu, "\ufffd");
  const make = (tag, content = "", properties = {}) => {
    const element = Object.assign(document.createElement(tag), properties);
    if (content !== "") element.textContent = text(content);
    return element;
  };
  const draw = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const markOf = (genre, attributes = {}) => {
    const mark = draw("path", { d: MARKS[genre % MARKS.length], ...attributes });
    mark.style.setProperty("--own", `var(--g${genre % COLOURS})`);
    return mark;
  };

  let map, model, shown, view, selected, page;

  // What is known of a clip: genres by probability, each with its percents.
  const ranked = (i) => map.models[model][i];
  const result = (i) => (!ranked(i).length ? "untested" : ranked(i)[0][0] === map.genre[i] ? "right" : "wrong");
  const prediction = (i) => ranked(i).slice(0, 1).map(([g, p]) => `${map.genres[g]}, ${p} %`)[0] ?? "not tested";
  const about = (i) => data.sources[map.source[i]];
  const who = (i) => [about(i).artist, about(i).title].filter(Boolean).join(": ");

  const load = () => {
    map = data.maps[get("experiment").value];
    map.words = map.clips.map((clip, i) => `${clip}\n${who(i)}`.toLowerCase());
    const folds = [...new Set(map.fold)].filter((f) => f >= 0).sort((a, b) => a - b);
    const options = { model: Object.keys(map.models), fold: ["all", ...folds] };
    for (const [id, values] of Object.entries(options)) {
      get(id).replaceChildren(...values.map((value) => make("option", value, { value })));
    }
    get("genres").replaceChildren(...map.genres.map((genre, g) => {
      const icon = draw("svg", { viewBox: "-1.4 -1.4 2.8 2.8", "aria-hidden": true });
      icon.append(markOf(g, { class: "right" }));
      const label = make("label");
      const box = { type: "checkbox", name: "genre", value: g, checked: true };
      label.append(make("input", "", box), icon, make("span", genre));
      return label;
    }));
    map.marks = map.clips.map((_, i) => {
      const mark = markOf(map.genre[i], { "data-clip": i });
      mark.style.translate = `${map.x[i]}px ${1 - map.y[i]}px`;
      return mark;
    });
    get("points").replaceChildren(...map.marks);
    selected = -1;
    see({ x: -0.03, y: -0.03, size: 1.06 });
    filter();
  };

  const filter = () => {
    const form = new FormData(get("controls"));
    const genres = new Set(form.getAll("genre").map(Number));
    const words = form.get("search").toLowerCase().split(/\s+/).filter(Boolean);
    model = form.get("model");
    shown = map.clips.map((_, i) => i).filter((i) => genres.has(map.genre[i])
      && (form.get("fold") === "all" || map.fold[i] === Number(form.get("fold")))
      && (form.get("result") === "all" || result(i) === form.get("result"))
      && words.every((word) => map.words[i].includes(word)));
    const meant = new Set(shown);
    map.marks.forEach((mark, i) => mark.setAttribute("class", meant.has(i) ? result(i) : "off"));
    // The most confident mistakes first.
    if (form.get("result") === "wrong") shown.sort((a, b) => ranked(b)[0][1] - ranked(a)[0][1]);
    page = 0;
    const count = (kinds) => shown.filter((i) => kinds.includes(result(i))).length;
    const numbers = [shown.length, map.clips.length, count("right"), count(["right", "wrong"])];
    const [one, all, right, tested] = numbers.map((n) => n.toLocaleString("en"));
    get("status").textContent = `${one} of ${all} clips shown; under protocol ${map.protocol}, `
      + `${model} predicted the genre of ${right} of ${tested} that were tested.`;
    tabulate();
    describe();
  };

  // The map itself: what is seen of the unit square, and edges of what is selected or pointed at.
  const see = (window) => {
    view = window;
    get("stage").setAttribute("viewBox", `${view.x} ${view.y} ${view.size} ${view.size}`);
    const radius = view.size * RADII.find(([clips]) => map.clips.length <= clips)[1];
    get("stage").style.setProperty("--r", radius);
  };
  const zoom = (factor) => {
    const size = Math.min(1.06, view.size / factor);
    const by = (view.size - size) / 2;
    see(size === 1.06 ? { x: -0.03, y: -0.03, size } : { x: view.x + by, y: view.y + by, size });
  };
  const join = (...clips) => {
    const ends = (i, j) => ({ x1: map.x[i], y1: 1 - map.y[i], x2: map.x[j], y2: 1 - map.y[j] });
    const edges = clips.filter((i) => i >= 0).flatMap((i) => (
      [[i], ...map.neighbours[i]].map(([j]) => draw("line", ends(i, j)))));
    get("edges").replaceChildren(...edges);
  };
  const stage = get("stage");
  const clipOf = (event) => Number(event.target.dataset.clip ?? -1);
  stage.addEventListener("pointerover", (event) => {
    const i = clipOf(event);
    join(selected, i);
    get("tip").hidden = i < 0;
    if (i < 0) return;
    const lines = [map.clips[i], who(i), `${map.genres[map.genre[i]]}; predicted: ${prediction(i)}`];
    get("tip").replaceChildren(...lines.filter(Boolean).map((line) => make("div", line)));
  });
  stage.addEventListener("pointerleave", () => { join(selected); get("tip").hidden = true; });
  stage.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    const unit = view.size / Math.min(stage.clientWidth, stage.clientHeight);
    see({ ...view, x: view.x - event.movementX * unit, y: view.y - event.movementY * unit });
  });
  stage.addEventListener("click", (event) => { if (clipOf(event) >= 0) select(clipOf(event)); });

  // The same in words.
  const link = (i) => make("button", map.clips[i], { type: "button", onclick: () => select(i) });
  const row = (...cells) => {
    const line = make("tr");
    cells.forEach((cell, c) => {
      const box = make(c ? "td" : "th", "", c ? {} : { scope: "row" });
      box.append(cell instanceof Node ? cell : text(cell));
      if (c && typeof cell !== "number" && !/^\d+ %$/.test(cell)) box.className = "text";
      line.append(box);
    });
    return line;
  };
  const tabulate = () => {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    get("rows").replaceChildren(...shown.slice(page * PAGE, (page + 1) * PAGE).map((i) => {
      const [best = ["-", "-"]] = ranked(i).map(([g, p]) => [map.genres[g], `${p} %`]);
      const { artist, title } = about(i);
      const fold = map.fold[i] < 0 ? "-" : map.fold[i];
      const line = row(link(i), artist, title, map.genres[map.genre[i]], ...best, result(i), fold);
      line.dataset.clip = i;
      line.ariaCurrent = i === selected ? "true" : null;
      return line;
    }));
    get("page").textContent = `Page ${page + 1} of ${pages}`;
    get("back").disabled = page === 0;
    get("forth").disabled = page === pages - 1;
  };
  // The focus stays where it is: at the table's row, or in what is shown anew.
  const select = (i) => {
    selected = i;
    const within = get("detail").contains(document.activeElement);
    describe();
    if (within) get("clip").focus();
  };
  const describe = () => {
    const i = selected;
    join(i);
    for (const line of get("rows").rows) line.ariaCurrent = Number(line.dataset.clip) === i ? "true" : null;
    get("unselected").hidden = i >= 0;
    get("selected").hidden = i < 0;
    if (i < 0) return;
    const fold = map.fold[i] < 0 ? "in the test part of no fold" : `tested in fold ${map.fold[i]}`;
    const said = ranked(i).length ? `; ${model} predicted ${prediction(i)}: ${result(i)}` : "";
    get("clip").textContent = text(map.clips[i]);
    get("who").textContent = text(who(i));
    get("said").textContent = text(`${map.genres[map.genre[i]]}, ${fold}${said}.`);
    get("player").replaceChildren(...player(i));
    get("probabilities").replaceChildren(...ranked(i).map(([g, p]) => (
      row(map.genres[g], make("meter", "", { value: p / 100, ariaLabel: `${p} %` }), `${p} %`))));
    get("near").replaceChildren(...map.neighbours[i].map(([j, distance]) => (
      row(link(j), map.genres[map.genre[j]], distance, prediction(j)))));
    get("alone").hidden = map.neighbours[i].length > 0;
  };
  const encoded = (path) => path.split("/").map(encodeURIComponent).join("/");
  // The copy of this page lies a folder above it.
  const isCopy = !location.pathname.endsWith(`/results/${encodeURIComponent(data.dataset)}/report.html`);
  const player = (i) => {
    const { path } = about(i);
    if (!data.audio.length || !path) return [];
    const part = map.times ? `#t=${map.times[i].join(",")}` : "";
    const src = `${encoded(data.audio[isCopy ? 1 : 0])}/${encoded(path)}${part}`;
    const failure = make("p", "", { className: "caption" });
    const onerror = () => {
      failure.textContent = `${path} cannot be played: it is not where it lay when this page was `
        + "written, or your browser does not know its format.";
    };
    const ariaLabel = `Sound of ${map.clips[i]}`;
    return [make("audio", "", { controls: true, preload: "none", src, onerror, ariaLabel }), failure];
  };

  get("app").hidden = false;
  const experiments = names.map((name) => make("option", `${name} (${data.maps[name].protocol})`, { value: name }));
  get("experiment").replaceChildren(...experiments);
  get("controls").addEventListener("submit", (event) => event.preventDefault());
  get("controls").addEventListener("change", (event) => {
    if (event.target === get("experiment")) load();
    else if (event.target !== get("search")) filter();
  });
  get("search").addEventListener("input", filter);
  const tick = (checked) => {
    get("genres").querySelectorAll("input").forEach((box) => { box.checked = checked; });
    filter();
  };
  const turn = (by) => { page += by; tabulate(); };
  const buttons = {
    every: () => tick(true), none: () => tick(false), back: () => turn(-1), forth: () => turn(1),
    in: () => zoom(1.6), out: () => zoom(1 / 1.6), reset: () => zoom(0),
  };
  for (const [id, act] of Object.entries(buttons)) get(id).addEventListener("click", act);
  load();
})();
