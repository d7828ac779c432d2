"use strict";
(() => {
  // Parts of the page that are folded away open when something in them is asked for, and in print.
  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target && target.closest("details");
    if (folded) folded.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));

  const data = JSON.parse(document.getElementById("map-data").textContent);
  const names = Object.keys(data.maps);
  if (!names.length) return;

  const get = (id) => document.getElementById(`map-${id}`);
  const SVG = "http://www.w3.org/2000/svg";
  const COLOURS = 11; // As many as the style sheet has.
  const PAGE = 15; // Rows of the table.
  const MARGIN = 22; // Pixels around the map.
  const REACH = 14; // Pixels from a point at which it is still meant.
  const DOT = 2; // Pixels of a clip that is not shown.
  // Outlines of the genres' marks, in a square from -1 to 1.
  const MARKS = [
    null, // A circle.
    "M-.85-.85H.85V.85H-.85Z", "M0-1.15 1.15 0 0 1.15-1.15 0Z", "M0-1.1 1.1.85H-1.1Z", "M0 1.1 1.1-.85H-1.1Z",
    "M-.35-1.1H.35V-.35H1.1V.35H.35V1.1H-.35V.35H-1.1V-.35H-.35Z",
    "M0-1.2.32-.37 1.2-.37.5.17.75 1.05 0 .53-.75 1.05-.5.17-1.2-.37-.32-.37Z",
    "M-1.1 0 .85 1.1V-1.1Z", "M1.1 0-.85 1.1V-1.1Z", "M-1.1 0-.55-.95H.55L1.1 0 .55.95H-.55Z",
    "M-1.1-.5V.5L-.5 1.1H.5L1.1.5V-.5L.5-1.1H-.5Z", "M0-1.1 1.05-.3.65.95H-.65L-1.05-.3Z",
  ];
  const text = (value) => Array.from(String(value), (c) => (/[\p{Cc}\p{Cs}]/u.test(c) ? "\ufffd" : c)).join("");
  const make = (tag, content = "", properties = {}) => {
    const element = Object.assign(document.createElement(tag), properties);
    if (content !== "") element.textContent = text(content);
    return element;
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const outline = (genre, r) => {
    const path = new Path2D();
    const mark = MARKS[genre % MARKS.length];
    if (mark === null) path.arc(0, 0, r, 0, 2 * Math.PI);
    else path.addPath(new Path2D(mark), new DOMMatrix([r, 0, 0, r, 0, 0]));
    return path;
  };

  let map, model, shown, faint, selected, hovered, page, view;

  const load = (name) => {
    map = data.maps[name];
    map.about = map.source.map((s) => data.sources[s]);
    const extent = (values) => values.reduce((most, v) => Math.max(most, 2 * Math.abs(v - 0.5)), 1e-3);
    [map.wide, map.high] = [extent(map.x), extent(map.y)];
    map.words ??= map.clips.map((clip, i) => `${clip}\n${map.about[i].artist}\n${map.about[i].title}`.toLowerCase());
    for (const found of Object.values(map.models)) {
      found.bytes ??= Uint8Array.from(atob(found.probabilities), (c) => c.charCodeAt(0));
    }
    options("model", Object.keys(map.models).map((m) => [m, m]));
    const folds = [...new Set(map.fold)].filter((f) => f >= 0).sort((a, b) => a - b);
    options("fold", [["all", "all"], ...folds.map((f) => [f, f])]);
    const label = (genre, g) => {
      const box = make("input", "", { type: "checkbox", checked: true, value: g });
      box.addEventListener("change", filter);
      const around = make("label");
      around.append(box, swatch(g), make("span", genre));
      return around;
    };
    get("genres").querySelectorAll("label").forEach((l) => l.remove());
    get("genres").append(...map.genres.map(label));
    selected = hovered = -1;
    view = { zoom: 1, x: 0, y: 0 };
    describe();
  };
  const options = (id, pairs) => {
    get(id).replaceChildren(...pairs.map(([value, label]) => make("option", label, { value })));
  };
  const swatch = (genre) => {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "-1.4 -1.4 2.8 2.8");
    svg.setAttribute("aria-hidden", "true");
    const mark = MARKS[genre % MARKS.length];
    const shape = document.createElementNS(SVG, mark === null ? "circle" : "path");
    if (mark === null) shape.setAttribute("r", "1");
    else shape.setAttribute("d", mark);
    shape.setAttribute("fill", `var(--g${genre % COLOURS})`);
    svg.append(shape);
    return svg;
  };

  // What is known of a clip.
  const predicted = (i) => map.models[model].predicted[i];
  const percent = (i, genre) => map.models[model].bytes[i * map.genres.length + genre];
  const result = (i) => (predicted(i) < 0 ? "untested" : predicted(i) === map.genre[i] ? "right" : "wrong");
  const prediction = (i) => (predicted(i) < 0 ? "not tested" : `${map.genres[predicted(i)]}, ${percent(i, predicted(i))} %`);
  const who = (i) => [map.about[i].artist, map.about[i].title].filter(Boolean).join(": ");

  const filter = () => {
    const genres = new Set([...get("genres").querySelectorAll("input:checked")].map((box) => Number(box.value)));
    const [fold, wanted] = [get("fold").value, get("result").value];
    const words = get("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    [shown, faint] = [[], []];
    for (let i = 0; i < map.clips.length; i++) {
      const meant = genres.has(map.genre[i]) && (fold === "all" || map.fold[i] === Number(fold))
        && (wanted === "all" || result(i) === wanted) && words.every((word) => map.words[i].includes(word));
      (meant ? shown : faint).push(i);
    }
    page = 0;
    const right = shown.filter((i) => result(i) === "right").length;
    const tested = shown.filter((i) => result(i) !== "untested").length;
    get("status").textContent = `${shown.length.toLocaleString("en")} of ${map.clips.length.toLocaleString("en")} clips shown; `
      + `under protocol ${map.protocol}, ${model} predicted the genre of ${right.toLocaleString("en")} of ${tested.toLocaleString("en")} that were tested.`;
    tabulate();
    soon("draw", draw);
  };

  // The map itself: points on one canvas, what is pointed at on another above it.
  const [points, overlay] = [get("points"), get("overlay")];
  let width, height, ratio, scale;
  const measure = () => {
    ({ width, height } = points.getBoundingClientRect());
    ratio = devicePixelRatio || 1;
    for (const canvas of [points, overlay]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
  };
  // Pixels of the map's unit: as many as its longer side allows, whichever fits less.
  const unit = () => Math.min((width - 2 * MARGIN) / map.wide, (height - 2 * MARGIN) / map.high) * view.zoom;
  const left = (i) => width / 2 + (map.x[i] - 0.5) * scale + view.x;
  const above = (i) => height / 2 - (map.y[i] - 0.5) * scale + view.y;
  const radius = () => {
    const usual = map.clips.length <= 400 ? 5 : map.clips.length <= 3000 ? 4 : 3;
    return usual * Math.min(1, Math.max(0.65, width / 700)) * Math.min(1.6, view.zoom ** 0.3);
  };
  // Marks are stamped on the pixels of one picture: without a graphics card, ten thousand calls of
  // drawImage take several times as long.
  const EDGE = 64; // Pixels around the picture, so that no mark is cut.
  const pixels = (data) => new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
  const paint = (size, how) => {
    const context = make("canvas", "", { width: size, height: size }).getContext("2d");
    how(context);
    return context.getImageData(0, 0, size, size);
  };
  // What a mark covers: where its pixels lie from its middle, what they add, and how much of 256
  // they leave of what is below.
  const stamp = (image, across) => {
    const found = { places: [], adds: [], leaves: [] };
    const size = image.width;
    for (let i = 0; i < size * size; i++) {
      const [red, green, blue, alpha] = image.data.subarray(4 * i, 4 * i + 4);
      if (!alpha) continue;
      const share = alpha / 255;
      const add = Uint8Array.of(share * red, share * green, share * blue, 255);
      found.places.push((Math.floor(i / size) - (size >> 1)) * across + (i % size) - (size >> 1));
      found.adds.push(pixels(add)[0]);
      found.leaves.push(256 - Math.ceil(256 * share));
    }
    return Object.fromEntries(Object.entries(found).map(([name, values]) => [name, Uint32Array.from(values)]));
  };
  const press = (picture, { places, adds, leaves }, middle) => {
    for (let k = 0; k < places.length; k++) {
      const place = (middle + places[k]) | 0;
      const [below, leave] = [picture[place], leaves[k]];
      picture[place] = adds[k] + ((((below & 0xff00ff) * leave) >>> 8) & 0xff00ff) + ((((below & 0xff00) * leave) >>> 8) & 0xff00);
    }
  };
  const KINDS = ["right", "wrong", "untested"];
  const look = (genre, kind, r) => (context) => {
    context.setTransform(ratio, 0, 0, ratio, context.canvas.width / 2, context.canvas.width / 2);
    const shape = outline(genre, kind === "wrong" ? r * 0.9 : r);
    const own = colour(`--g${genre % COLOURS}`);
    context.lineWidth = kind === "wrong" ? 1.7 : 0.6;
    context.fillStyle = kind === "wrong" ? colour("--paper") : own;
    context.strokeStyle = kind === "wrong" ? own : colour("--paper");
    context.globalAlpha = kind === "untested" ? 0.35 : 1;
    context.fill(shape);
    context.stroke(shape);
  };
  const filled = (name) => (context) => {
    context.fillStyle = colour(name);
    context.fillRect(0, 0, context.canvas.width, context.canvas.width);
  };
  // The picture and all marks as they look now, until their size or the scheme is another.
  let ready = { key: "" };
  const prepared = () => {
    const r = Math.round(4 * radius()) / 4;
    const [across, down] = [points.width + 2 * EDGE, points.height + 2 * EDGE];
    const key = [r, ratio, across, down, map.genres.length, colour("--paper")].join(" ");
    if (ready.key === key) return ready;
    const size = Math.min(2 * EDGE, Math.ceil((2.6 * r + 4) * ratio));
    ready = {
      key,
      half: size / 2,
      image: new ImageData(across, down),
      paper: pixels(paint(1, filled("--paper")).data)[0],
      dot: stamp(paint(Math.max(1, Math.round(DOT * ratio)), filled("--faint")), across),
      marks: map.genres.flatMap((_, genre) => KINDS.map((kind) => stamp(paint(size, look(genre, kind, r)), across))),
    };
    return ready;
  };
  const start = (canvas) => {
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  };
  const draw = () => {
    if (!points.width || !points.height) return;
    scale = unit();
    const { image, marks, dot, paper, half } = prepared();
    const picture = pixels(image.data);
    const put = (i, mark) => {
      const [x, y] = [Math.round(left(i) * ratio) + EDGE, Math.round(above(i) * ratio) + EDGE];
      if (Math.min(x, y, image.width - x, image.height - y) > half) press(picture, mark, y * image.width + x);
    };
    picture.fill(paper);
    for (const i of faint) put(i, dot);
    for (const i of shown) put(i, marks[KINDS.length * map.genre[i] + KINDS.indexOf(result(i))]);
    points.getContext("2d").putImageData(image, -EDGE, -EDGE);
    point();
  };
  const point = () => {
    const context = start(overlay);
    for (const i of new Set([selected, hovered])) {
      if (i < 0) continue;
      context.strokeStyle = colour("--ink");
      context.lineWidth = i === selected ? 1.4 : 1;
      for (const j of map.neighbours[i]) {
        context.beginPath();
        context.moveTo(left(i), above(i));
        context.lineTo(left(j), above(j));
        context.stroke();
        context.beginPath();
        context.arc(left(j), above(j), radius() + 3, 0, 2 * Math.PI);
        context.stroke();
      }
      context.lineWidth = 2.5;
      context.beginPath();
      context.arc(left(i), above(i), radius() + 5, 0, 2 * Math.PI);
      context.stroke();
    }
    const tip = get("tip");
    tip.hidden = hovered < 0;
    if (hovered < 0) return;
    const lines = [map.clips[hovered], who(hovered), `${map.genres[map.genre[hovered]]}; predicted: ${prediction(hovered)}`];
    tip.replaceChildren(...lines.filter(Boolean).map((line) => make("div", line)));
    tip.style.left = `${Math.max(4, Math.min(left(hovered) + 14, width - tip.offsetWidth - 6))}px`;
    tip.style.top = `${Math.max(4, Math.min(above(hovered) + 14, height - tip.offsetHeight - 6))}px`;
  };
  const nearest = (x, y) => {
    let [best, least] = [-1, REACH ** 2];
    for (const i of shown) {
      const distance = (left(i) - x) ** 2 + (above(i) - y) ** 2;
      if (distance <= least) [best, least] = [i, distance];
    }
    return best;
  };
  // What the next frame does, by name: of many moves between two frames, the last.
  const tasks = new Map();
  const soon = (name, task) => {
    if (!tasks.size) {
      requestAnimationFrame(() => {
        const due = [...tasks.values()];
        tasks.clear();
        due.forEach((each) => each());
      });
    }
    tasks.set(name, task);
  };
  const zoom = (factor, x = width / 2, y = height / 2) => {
    const to = Math.min(40, Math.max(1, view.zoom * factor));
    const by = to / view.zoom;
    const about = (at, middle, offset) => at - middle - (at - middle - offset) * by;
    view = { zoom: to, x: about(x, width / 2, view.x), y: about(y, height / 2, view.y) };
    if (to === 1) view.x = view.y = 0;
    soon("draw", draw);
  };
  const at = (event) => {
    const box = points.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  let held = null;
  points.addEventListener("pointerdown", (event) => {
    held = { x: event.clientX, y: event.clientY, from: { ...view }, moved: false };
    points.setPointerCapture(event.pointerId);
  });
  points.addEventListener("pointermove", (event) => {
    const place = at(event);
    if (held) {
      const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
      held.moved ||= Math.hypot(dx, dy) > 4;
      if (held.moved) {
        view = { ...view, x: held.from.x + dx, y: held.from.y + dy };
        soon("draw", draw);
      }
    } else soon("point", () => { hovered = nearest(...place); point(); });
  });
  points.addEventListener("pointerup", (event) => {
    if (held && !held.moved) select(nearest(...at(event)));
    held = null;
  });
  points.addEventListener("pointercancel", () => { held = null; });
  points.addEventListener("pointerleave", () => { hovered = -1; point(); });
  points.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), ...at(event));
  }, { passive: false });

  // The same in words.
  const link = (i) => {
    const button = make("button", map.clips[i], { type: "button" });
    button.addEventListener("click", () => select(i));
    return button;
  };
  const row = (cells, header = false) => {
    const line = make("tr");
    cells.forEach((cell, c) => {
      const box = make(header && c === 0 ? "th" : "td");
      if (header && c === 0) box.scope = "row";
      box.append(cell instanceof Node ? cell : document.createTextNode(text(cell)));
      if (typeof cell === "number" || /^[\d.]+ %$/.test(cell)) box.className = "number";
      line.append(box);
    });
    return line;
  };
  const tabulate = () => {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    get("rows").replaceChildren(...shown.slice(page * PAGE, (page + 1) * PAGE).map((i) => {
      const tested = predicted(i) >= 0;
      const line = row([
        link(i), map.about[i].artist, map.about[i].title, map.genres[map.genre[i]],
        tested ? map.genres[predicted(i)] : "-", tested ? `${percent(i, predicted(i))} %` : "-",
        tested ? result(i) : "not tested", map.fold[i] < 0 ? "-" : map.fold[i],
      ], true);
      line.dataset.clip = i;
      return line;
    }));
    mark();
    get("page").textContent = `Page ${page + 1} of ${pages}`;
    get("back").disabled = page === 0;
    get("forth").disabled = page === pages - 1;
  };
  const mark = () => {
    for (const line of get("rows").rows) {
      if (Number(line.dataset.clip) === selected) line.setAttribute("aria-current", "true");
      else line.removeAttribute("aria-current");
    }
  };
  // Who came by the keyboard stays where they are: at the table's row, or in what is shown anew.
  const select = (i) => {
    selected = i;
    const within = get("detail").contains(document.activeElement);
    describe();
    if (within) get("detail").querySelector("h3")?.focus();
    point();
    mark();
  };
  const table = (caption, heads, rows, className = "") => {
    const found = make("table", "", { className });
    const line = make("tr");
    line.append(...heads.map((head) => make("th", head, { scope: "col" })));
    const head = make("thead");
    head.append(line);
    const body = make("tbody");
    body.append(...rows);
    found.append(make("caption", caption, { className: "hidden" }), head, body);
    return found;
  };
  const bar = (value, own) => {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("aria-hidden", "true");
    const rect = document.createElementNS(SVG, "rect");
    for (const [name, number] of Object.entries({ width: `${value}%`, height: "60%", y: "20%" })) rect.setAttribute(name, number);
    if (!own) rect.setAttribute("class", "no");
    svg.append(rect);
    return svg;
  };
  const describe = () => {
    const detail = get("detail");
    if (selected < 0) {
      detail.replaceChildren(make("p", "No clip is selected. Click a point, or a name in the table.", { className: "caption" }));
      return;
    }
    const i = selected;
    const fold = map.fold[i] < 0 ? "in the test part of no fold" : `tested in fold ${map.fold[i]}`;
    const parts = [make("h3", map.clips[i], { tabIndex: -1 })];
    if (who(i)) parts.push(make("p", who(i)));
    parts.push(make("p", `${map.genres[map.genre[i]]}, ${fold}${predicted(i) < 0 ? "" : `; ${model} predicted ${prediction(i)}: ${result(i)}`}.`));
    parts.push(...player(i));
    if (predicted(i) >= 0) {
      const order = map.genres.map((_, g) => g).sort((a, b) => percent(i, b) - percent(i, a)).slice(0, 10);
      const rows = order.map((g) => {
        const line = row([map.genres[g], bar(percent(i, g), g === map.genre[i]), `${percent(i, g)} %`], true);
        line.children[1].className = "share";
        return line;
      });
      parts.push(make("h4", `Probabilities by ${model}`), table("Probabilities", ["genre", "share", "percent"], rows));
    }
    parts.push(make("h4", "Nearest neighbours in the graph"));
    if (map.neighbours[i].length) {
      const rows = map.neighbours[i].map((j, n) => row([
        link(j), map.genres[map.genre[j]], map.distances[i][n], predicted(j) < 0 ? "-" : prediction(j),
      ]));
      parts.push(table("Neighbours", ["clip", "genre", "distance", "predicted"], rows, "near"));
    } else parts.push(make("p", "None: its distances are zero, which means not connected, or the graph has no edges."));
    detail.replaceChildren(...parts);
  };
  // The copy of this page lies a folder above it.
  const above_it = !location.pathname.endsWith(`/results/${encodeURIComponent(data.dataset)}/report.html`);
  const player = (i) => {
    if (!data.audio.length || !map.about[i].path) return [];
    const file = map.about[i].path.split("/").map(encodeURIComponent).join("/");
    const folder = data.audio[above_it ? 1 : 0].split("/").map(encodeURIComponent).join("/");
    const part = map.times ? `#t=${map.times[i].join(",")}` : "";
    const audio = make("audio", "", { controls: true, preload: "none", src: `${folder}/${file}${part}` });
    audio.setAttribute("aria-label", `Sound of ${map.clips[i]}`);
    const failure = make("p", "", { className: "caption" });
    audio.addEventListener("error", () => {
      failure.textContent = `${map.about[i].path} cannot be played: it is not where it lay when this page was written, or your browser does not know its format.`;
    });
    return [audio, failure];
  };

  options("experiment", names.map((name) => [name, `${name} (${data.maps[name].protocol})`]));
  get("experiment").addEventListener("change", () => { load(get("experiment").value); chosen(); });
  const chosen = () => { model = get("model").value; describe(); filter(); };
  get("model").addEventListener("change", chosen);
  for (const id of ["fold", "result"]) get(id).addEventListener("change", filter);
  get("search").addEventListener("input", filter);
  get("controls").addEventListener("submit", (event) => event.preventDefault());
  const tick = (checked) => () => {
    get("genres").querySelectorAll("input").forEach((box) => { box.checked = checked; });
    filter();
  };
  get("every").addEventListener("click", tick(true));
  get("none").addEventListener("click", tick(false));
  get("in").addEventListener("click", () => zoom(1.6));
  get("out").addEventListener("click", () => zoom(1 / 1.6));
  get("reset").addEventListener("click", () => zoom(0));
  get("back").addEventListener("click", () => { page -= 1; tabulate(); });
  get("forth").addEventListener("click", () => { page += 1; tabulate(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(() => { measure(); draw(); }).observe(get("stage"));
  load(names[0]);
  model = get("model").value;
  measure();
  filter();
})();
