// SPDX-License-Identifier: Apache-2.0
"use strict";
// Draws state.json, again every few seconds. Text goes into the page as text only: names may come from a guest.

const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);
let state = null;
let paused = false;
let shown = "";
const opened = new Set();

function el(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function svg(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function replace(node, ...children) {
  node.replaceChildren(...children);
}

/** A number with an SI prefix and three digits: [text, unit]. */
function si(value, unit) {
  const prefixes = ["", "k", "M", "G", "T", "P"];
  let scaled = value;
  let at = 0;
  while (scaled >= 999.5 && at < prefixes.length - 1) {
    scaled /= 1000;
    at++;
  }
  const digits = at === 0 ? (scaled < 9.95 && scaled % 1 !== 0 ? 1 : 0) : scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
  return [scaled.toFixed(digits), prefixes[at] + unit];
}

const words = (value, unit) => si(value, unit).join("\u202f");
const count = (value) => value.toLocaleString("en-GB");
const plural = (n, one, many) => count(n) + " " + (n === 1 ? one : many || one + "s");
const bits = (port, way) => port[way].bytesPerSecond * 8;
const isGuest = (port) => port.kind === "guest";

function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => s >= size);
  if (first < 0) return "0 s";
  const [size, unit] = parts[first];
  const rest = parts[first + 1];
  const more = rest ? Math.floor((s % size) / rest[0]) : 0;
  return Math.floor(s / size) + " " + unit + (more ? " " + more + " " + rest[1] : "");
}

const STATES = {
  waiting: "waits for a front-end", attached: "front-end attached", negotiated: "negotiated, no frames yet",
  running: "running", stopped: "stopped", up: "up", down: "down",
};

function looks(port) {
  if (port.state === "stopped") return "bad";
  if (!port.link || port.state === "waiting" || port.state === "attached") return "down";
  return port.state === "running" || port.state === "up" ? "up" : "";
}

function stateWords(port) {
  return !port.link && port.state !== "down" && port.state !== "stopped" ? "link down" : STATES[port.state] || port.state;
}

function dropsOf(port) {
  return port.drops.reduce((sum, drop) => sum + drop.frames, 0);
}

// ---- totals -----------------------------------------------------------------------------------------------------------------

function figure(id, [text, unit]) {
  replace($(id), text, el("small", {}, unit));
}

function totals() {
  const guests = state.ports.filter(isGuest);
  figure("sum-guests", [String(guests.filter((port) => port.state === "running").length), "of " + guests.length]);
  const sum = (of) => state.ports.reduce((all, port) => all + of(port), 0);
  figure("sum-bits", si(sum((port) => bits(port, "in")), "bit/s"));
  figure("sum-frames", si(sum((port) => port.in.framesPerSecond), "/s"));
  const drops = sum((port) => port.dropsPerSecond);
  figure("sum-drops", si(drops, "/s"));
  $("sum-drops").className = drops > 0 ? "some" : "";
}

// ---- the bridge -------------------------------------------------------------------------------------------------------------

function drawBridge() {
  const box = $("bridge");
  const width = Math.max(280, box.clientWidth);
  const guests = state.ports.filter(isGuest);
  const others = state.ports.filter((port) => !isGuest(port));
  const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.port : null;
  const narrow = width < 560;
  const gap = narrow ? 10 : 14;
  const left = 16;
  const columns = Math.max(1, Math.floor((width - left + gap) / ((narrow ? 116 : 196) + gap)));
  const wide = (width - left - gap * (columns - 1)) / columns;
  const rows = [];
  for (const group of [others, guests]) {
    for (let i = 0; i < group.length; i += columns) rows.push(group.slice(i, i + columns));
  }
  const drop = 20;
  const pitch = (narrow ? 68 : 52) + drop + 18;
  const top = 4;
  const height = Math.max(1, rows.length) * pitch + top - 16;
  const parts = [];
  let rail = "";
  rows.forEach((row, r) => {
    const y = top + r * pitch;
    rail += `M2 ${y}H${left + (row.length - 1) * (wide + gap) + wide / 2}`;
    row.forEach((port, i) => parts.push(drawPort(port, left + i * (wide + gap), y, wide, narrow, drop)));
  });
  if (rows.length > 1) rail += `M2 ${top}V${top + (rows.length - 1) * pitch}`;
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-labelledby": "h-bridge" },
    ...parts, svg("path", { class: "rail", d: rail || "M0 0" }));
  replace(box, drawing);
  if (focused) {
    const again = box.querySelector(`[data-port="${CSS.escape(focused)}"]`);
    if (again) again.focus();
  }
  const running = guests.filter((port) => port.state === "running").length;
  const uplinks = others.length ? ", " + plural(others.length, "other port") : "";
  $("bridge-text").textContent = state.switching === "bridge"
    ? `${plural(guests.length, "guest")}, ${running} running${uplinks}; ${plural(state.stationCount, "station")} known.`
    : `No bridge: ${state.switching}.`;
}

/** A wire is as thick as it is busy, by powers of ten from 1 Mbit/s on. */
function thickness(port) {
  const rate = Math.max(bits(port, "in"), bits(port, "out"));
  return Math.min(6, 1.5 + Math.max(0, Math.log10(rate / 1e5) * 0.9)).toFixed(2);
}

function drawPort(port, x, y, width, tall, drop) {
  const middle = x + width / 2;
  const ty = y + drop;
  const busy = port.in.framesPerSecond + port.out.framesPerSecond > 0;
  const into = "\u2191\u202f" + words(bits(port, "in"), "bit/s");
  const out = "\u2193\u202f" + words(bits(port, "out"), "bit/s");
  const half = x + 12 + (width - 20) / 2;
  const below = !busy
    ? [label(stateWords(port), x + 12, ty + 41, "", width - 18)]
    : tall
      ? [label(into, x + 12, ty + 41, "", width - 18), label(out, x + 12, ty + 57, "", width - 18)]
      : [label(into, x + 12, ty + 41, "", width / 2), label(out, half, ty + 41, "", width / 2)];
  return svg("a", {
    href: "#port-" + port.name, "data-port": port.name,
    class: [looks(port), busy ? "busy" : "", isGuest(port) ? "" : "uplink"].join(" ").trim(),
    "aria-label": `${port.name}: ${stateWords(port)}, in ${words(bits(port, "in"), "bit/s")}, out ${words(bits(port, "out"), "bit/s")}`,
  },
    svg("path", { class: "wire", d: `M${middle} ${y}V${ty}`, "stroke-width": busy ? thickness(port) : 1.5 }),
    svg("rect", { class: "tile", x, y: ty, width, height: tall ? 68 : 52, rx: 8 }),
    svg("circle", { class: "dot", cx: x + 16, cy: ty + 18, r: 4 }),
    label(port.name, x + 26, ty + 22.5, "name", width - 34),
    ...below);
}

function label(text, x, y, kind, room) {
  const most = Math.floor(room / (kind === "name" ? 7.2 : 6.3));
  const cut = text.length > most ? text.slice(0, Math.max(1, most - 1)) + "\u2026" : text;
  return svg("text", { x, y, class: kind, "xml:space": "preserve" }, cut);
}

// ---- the plot ---------------------------------------------------------------------------------------------------------------

function series(name, way) {
  const all = state.history;
  const of = name ? state.ports.filter((port) => port.name === name) : state.ports;
  const length = all.length;
  const sum = new Array(length).fill(0);
  for (const port of of) {
    const values = (all.ports[port.name] || {})[way] || [];
    const from = length - values.length;
    values.forEach((value, i) => { sum[from + i] += value * 8; });
  }
  return sum;
}

/** The next of 1, 2 and 5 times a power of ten. */
function ceiling(value) {
  if (value <= 0) return 1000;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}

function line(values, width, height, top, most) {
  const step = width / Math.max(1, most - 1);
  const from = width - (values.length - 1) * step;
  return values.map((value, i) => `${i ? "L" : "M"}${(from + i * step).toFixed(1)} ${(height - (value / top) * height).toFixed(1)}`).join("");
}

function drawPlot() {
  const box = $("plot");
  const width = Math.max(260, box.clientWidth);
  const height = width < 560 ? 150 : 200;
  const margin = { left: 0, bottom: 22, top: 14 };
  const into = series(shown, "in");
  const out = series(shown, "out");
  const top = ceiling(Math.max(...into, ...out, 0));
  const most = state.history.most;
  const inner = height - margin.bottom - margin.top;
  const plot = svg("g", { transform: `translate(0 ${margin.top})` });
  for (const share of [0, 0.5, 1]) {
    const y = inner - share * inner;
    plot.append(svg("line", { class: "grid", x1: 0, x2: width, y1: y, y2: y }));
    if (share) plot.append(svg("text", { x: 0, y: y - 4 }, words(share * top, "bit/s")));
  }
  const span = (most - 1) * state.history.interval;
  const path = line(into, width, inner, top, most);
  const step = width / Math.max(1, most - 1);
  if (into.length > 1) {
    plot.append(svg("path", { class: "in-area", d: `${path}L${width} ${inner}L${(width - (into.length - 1) * step).toFixed(1)} ${inner}Z` }));
    plot.append(svg("path", { class: "in-line", d: path }), svg("path", { class: "out-line", d: line(out, width, inner, top, most) }));
  }
  for (const [share, anchor] of [[0, "start"], [0.5, "middle"], [1, "end"]]) {
    plot.append(svg("text", { x: share * width, y: inner + 17, "text-anchor": anchor },
      share === 1 ? "now" : "\u2212" + duration((1 - share) * span)));
  }
  const cursor = svg("line", { class: "cursor", y1: 0, y2: inner, visibility: "hidden" });
  plot.append(cursor);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${shown || "All ports"}: now in ${words(into.at(-1) || 0, "bit/s")}, out ${words(out.at(-1) || 0, "bit/s")}; `
      + `at most in ${words(Math.max(...into, 0), "bit/s")}, out ${words(Math.max(...out, 0), "bit/s")} in the last ${duration(into.length * state.history.interval)}` }, plot);
  replace(box, drawing);
  const tell = (at) => {
    const ago = (into.length - 1 - at) * state.history.interval;
    $("plot-text").textContent = `${ago ? duration(ago) + " ago" : "Now"}: in ${words(into[at] || 0, "bit/s")}, out ${words(out[at] || 0, "bit/s")}`;
  };
  tell(into.length - 1);
  drawing.addEventListener("pointermove", (event) => {
    const scale = width / drawing.getBoundingClientRect().width;
    const x = (event.clientX - drawing.getBoundingClientRect().left) * scale;
    const at = Math.round(into.length - 1 - (width - x) / step);
    if (at < 0 || at >= into.length) return;
    const px = width - (into.length - 1 - at) * step;
    cursor.setAttribute("x1", px);
    cursor.setAttribute("x2", px);
    cursor.setAttribute("visibility", "visible");
    tell(at);
  });
  drawing.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    tell(into.length - 1);
  });
}

function choices() {
  const select = $("shown");
  const names = ["", ...state.ports.map((port) => port.name)];
  if (select.options.length === names.length && names.every((name, i) => select.options[i].value === name)) return;
  if (!names.includes(shown)) shown = "";
  replace(select, ...names.map((name) => el("option", { value: name }, name || "all ports")));
  select.value = shown;
}

// ---- tables -----------------------------------------------------------------------------------------------------------------

function spark(name) {
  const width = 176;
  const height = 32;
  const into = series(name, "in");
  const out = series(name, "out");
  const top = Math.max(...into, ...out, 1);
  const most = state.history.most;
  const path = line(into, width, height - 2, top, most);
  const drawing = svg("svg", { viewBox: `0 -1 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("line", { class: "grid", x1: 0, x2: width, y1: height - 2, y2: height - 2, "vector-effect": "non-scaling-stroke" }));
  if (into.length > 1) {
    drawing.append(svg("path", { class: "out-line", d: line(out, width, height - 2, top, most), "vector-effect": "non-scaling-stroke" }),
      svg("path", { class: "in-line", d: path, "vector-effect": "non-scaling-stroke" }));
  }
  return drawing;
}

function rate(port, way, labelText) {
  const of = port[way];
  return el("td", { class: "n", "data-label": labelText }, words(of.bytesPerSecond * 8, "bit/s"),
    el("span", { class: "sub" }, words(of.framesPerSecond, "frames/s")),
    el("span", { class: "sub" }, words(of.bytes, "B") + " in all"));
}

function row(port) {
  const drops = dropsOf(port);
  const about = [port.kind === "guest" ? port.mac || "address not known" : port.kind, port.vlan].filter(Boolean).join(" · ");
  let dropped = drops ? null : "0";
  if (drops) {
    const details = el("details", {}, el("summary", {}, el("span", { class: port.dropsPerSecond ? "some" : "" }, count(drops)),
      drops === 1 ? " frame" : " frames"), el("ul", { class: "drops" },
      ...port.drops.filter((drop) => drop.frames).map((drop) => el("li", {}, count(drop.frames) + " " + drop.reason))));
    details.open = opened.has(port.name);
    details.addEventListener("toggle", () => { opened[details.open ? "add" : "delete"](port.name); });
    dropped = details;
  }
  const since = "counted for " + duration(state.now - port.since);
  return el("tr", { id: "port-" + port.name, class: looks(port) },
    el("td", {}, el("b", {}, port.name), el("span", { class: "sub" }, about)),
    el("td", { class: looks(port) }, el("span", { class: "state" }, stateWords(port)),
      el("span", { class: "sub" }, port.lastStop || since)),
    rate(port, "in", "In"), rate(port, "out", "Out"),
    el("td", { class: "spark" }, spark(port.name)),
    el("td", { class: "n dropped", "data-label": "Dropped" }, dropped));
}

const DECIDED = { device: "device", machine: "machine", platform: "platform", explicit: "explicit", "front-end": "front-end" };

function features() {
  const rows = state.features;
  const groups = state.featureGroups;
  const head = el("tr", {}, el("th", { scope: "col" }, "Feature"), el("th", { scope: "col", class: "mark" }, "Offered"),
    el("th", { scope: "col" }, "Decided by"),
    ...groups.map((group) => el("th", { scope: "col", class: "mark" }, names(group.guests))));
  const mark = (yes) => el("span", { class: yes ? "yes" : "no" }, el("span", { "aria-hidden": "true" }, yes ? "\u25cf" : "\u00b7"),
    el("span", { class: "said" }, yes ? "yes" : "no"));
  replace($("features"), el("thead", {}, head), el("tbody", {}, ...rows.map((feature) => el("tr", {},
    el("th", { scope: "row" }, el("code", {}, feature.name)),
    el("td", { class: "mark" }, mark(feature.offered)),
    el("td", { class: "by" }, el("span", {}, DECIDED[feature.by] || feature.by), el("span", { class: "no" }, feature.source ? " \u00b7 " + feature.source : ""),
      feature.software ? el("span", { class: "no" }, " \u00b7 in software") : null),
    ...groups.map((group) => el("td", { class: "mark" }, mark(group.negotiated.includes(feature.name))))))));
  const offered = rows.filter((feature) => feature.offered).length;
  $("features-text").textContent = `${offered} features are offered by platform ${state.platform} on machine ${state.machine}. `
    + (groups.length ? "The columns of guests show what their drivers have acknowledged." : "No driver has acknowledged any yet.");
}

/** guest0, guest1 and guest2 as "guest0\u20132". */
function names(guests) {
  const parts = [];
  let from = 0;
  for (let i = 1; i <= guests.length; i++) {
    const number = (name) => /^(.*?)(\d+)$/.exec(name);
    const a = number(guests[i - 1]);
    const b = i < guests.length ? number(guests[i]) : null;
    if (a && b && a[1] === b[1] && Number(b[2]) === Number(a[2]) + 1) continue;
    parts.push(i - 1 === from ? guests[from] : guests[from] + "\u2013" + (a ? a[2] : guests[i - 1]));
    from = i;
  }
  return parts.length > 4 ? plural(guests.length, "guest") : parts.join(", ");
}

// The age of a station is up to two seconds too high.
function age(seconds) {
  return seconds === undefined ? "\u2013" : seconds < 4 ? "now" : seconds < 120 ? `${seconds} s ago` : seconds < 7200
    ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`;
}

function stations() {
  const all = state.stations;
  $("stations-text").textContent = all.length === 0 ? "None is known yet."
    : all.length < state.stationCount ? `The first ${all.length} of ${count(state.stationCount)}.` : `${plural(all.length, "address", "addresses")}.`;
  replace($("stations"), ...(all.length === 0 ? [] : [
    el("thead", {}, el("tr", {}, ...["Address", "VLAN", "Port", "Heard"].map((title) => el("th", { scope: "col" }, title)))),
    el("tbody", {}, ...all.map((station) => el("tr", {}, el("td", {}, el("code", {}, station.mac)),
      el("td", {}, station.vlan ? "VLAN " + station.vlan : "\u2013"), el("td", {}, station.port),
      el("td", {}, age(station.age)))))]));
}

function events() {
  const all = state.events.slice().reverse();
  replace($("events"), ...all.map((event) => {
    const at = new Date(event.time * 1000);
    return el("li", {}, el("time", { datetime: at.toISOString() }, at.toTimeString().slice(0, 8)), el("span", { class: "who" }, event.who),
      el("span", { class: "what" }, event.what));
  }));
  if (all.length === 0) replace($("events"), el("li", {}, el("span", { class: "what" }, "Nothing has happened yet.")));
}

// ---- the loop ---------------------------------------------------------------------------------------------------------------

function live(text, kind) {
  const node = $("live");
  if (node.textContent !== text) node.textContent = text;
  node.className = "live" + (kind ? " " + kind : "");
}

function draw() {
  $("promise").textContent = `Platform ${state.platform} on machine ${state.machine} · ABI ${state.abi} · up for ${duration(state.now - state.started)}`;
  $("version").textContent = "vhost4j " + state.version;
  document.title = "vhost4j \u00b7 " + state.host;
  totals();
  drawBridge();
  choices();
  drawPlot();
  const focus = document.activeElement && document.activeElement.closest("#rows tr");
  const kept = focus ? focus.id : null;
  replace($("rows"), ...state.ports.map(row));
  if (kept && $(kept) && $(kept).querySelector("summary")) $(kept).querySelector("summary").focus();
  features();
  stations();
  events();
}

async function load() {
  if (!paused && !document.hidden) {
    try {
      const answer = await fetch("state.json", { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      state = await answer.json();
      draw();
      live("Live", "");
    } catch (error) {
      live(error instanceof TypeError && !state ? "No connection" : "No answer from the back-end", "lost");
    }
  }
  setTimeout(load, state ? state.history.interval * 1000 : 2000);
}

$("pause").addEventListener("click", () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  $("pause").textContent = paused ? "Continue" : "Pause";
  live(paused ? "Paused" : "Live", paused ? "paused" : "");
});
$("shown").addEventListener("change", () => {
  shown = $("shown").value;
  drawPlot();
});
new ResizeObserver(() => {
  if (state) {
    drawBridge();
    drawPlot();
  }
}).observe($("bridge"));
load();
