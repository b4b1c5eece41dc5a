"use strict";
/* What a page does besides showing itself: keeps itself up to date, writes times as wanted, answers keys. */

const kept = {
  get(name, otherwise) { try { return localStorage.getItem(name) || otherwise; } catch { return otherwise; } },
  set(name, value) { try { localStorage.setItem(name, value); } catch { /* not kept, then */ } },
};

/* Theme: of the system, light or dark. */
const THEMES = ["system", "light", "dark"];
function applyTheme() {
  const theme = kept.get("theme", "system");
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const button = document.getElementById("theme");
  if (button) { button.hidden = false; button.textContent = `Theme: ${theme}`; }
}
applyTheme();

/* Times: in UTC, in the schedule's zone, or in the browser's. */
const TIMES = ["UTC", "schedule", "browser"];
const UNITS = [[86400 * 2, 86400, "d"], [3600 * 2, 3600, "h"], [120, 60, "min"], [0, 1, "s"]];
function span(seconds) {
  const [, size, unit] = UNITS.find(([from]) => seconds >= from);
  return `${Math.round(seconds / size)} ${unit}`;
}
function from_now(at) {
  const seconds = Math.round((at - Date.now()) / 1000);
  return seconds > 0 ? `in ${span(seconds)}` : `${span(-seconds)} ago`;
}
function written(element) {
  const how = kept.get("times", "UTC");
  const zone = how === "UTC" ? "UTC" : how === "schedule" ? element.dataset.zone || "UTC" : undefined;
  const at = new Date(element.dateTime);
  try {
    return `${at.toLocaleString("sv-SE", { timeZone: zone })}${zone === "UTC" ? " UTC" : ""}`;
  } catch { return element.dateTime; }
}
function writeTimes(root) {
  for (const element of root.querySelectorAll("time")) {
    element.title = from_now(new Date(element.dateTime));
    element.textContent = written(element);
  }
  countDown(root);
  const button = document.getElementById("times");
  if (button) { button.hidden = false; button.textContent = `Times: ${kept.get("times", "UTC")}`; }
}

/* Keeping up to date: asked for again every few seconds while somebody looks; what has not changed is a 304. */
let tag = null, timer = null;
function refresh() {
  const main = document.getElementById("main");
  if (!main.dataset.poll) return; /* a form, or what is shown once */
  if (main.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) return;
  if (main.querySelector("details.act[open], dialog[open], form.editor")) return;
  htmx.ajax("GET", location.pathname + location.search, { target: "#main", select: "#main", swap: "morph:outerHTML" });
}
function poll() {
  clearTimeout(timer);
  const main = document.getElementById("main");
  const seconds = Number(main && main.dataset.poll);
  if (!seconds || document.hidden) return;
  timer = setTimeout(() => { refresh(); poll(); }, seconds * 1000);
}

/* Events: what happens shows at once. Polling is behind that, for what nobody tells of. */
const SOONEST = 1000, SELDOM = 5; /* the server may have no room for one more who waits: polling will do */
let since = "latest", asking = null, again = null;
async function listen() {
  clearTimeout(again);
  const main = document.getElementById("main");
  const seconds = Number(main && main.dataset.poll);
  if (asking || !seconds || document.hidden) return;
  asking = new AbortController();
  const began = Date.now(), asked = new URLSearchParams({ after: since });
  if (main.dataset.schedule) asked.set("schedule", main.dataset.schedule);
  let pause = SELDOM * seconds * 1000;
  try {
    const answer = await fetch(`/changes?${asked}`, { signal: asking.signal });
    if (answer.status === 200) {
      const said = await answer.json();
      since = said.next;
      if (said.changed) { refresh(); poll(); }
      const waited = Date.now() - began;
      if (waited > seconds * 1000) pause = SOONEST; /* else much happens, and polling shows it as soon */
    } else since = "latest";
  } catch { /* aborted, or away */ }
  asking = null;
  again = setTimeout(listen, pause);
}

/* Keys. */
let went = false, row = -1;
function rows() { return [...document.querySelectorAll("table.rows > tbody > tr")]; }
function move(by) {
  const all = rows();
  if (!all.length) return;
  all.forEach((each) => each.classList.remove("at"));
  row = Math.max(0, Math.min(all.length - 1, row + by));
  all[row].classList.add("at");
  const link = all[row].querySelector("a");
  if (link) link.focus();
}
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select, textarea, [contenteditable]")) return;
  const key = event.key;
  if (went) {
    went = false;
    const link = document.querySelector(`nav a[data-key="${CSS.escape(key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  const acts = {
    g() { went = true; setTimeout(() => { went = false; }, 1500); },
    "/"() { const search = document.getElementById("search"); if (search) search.focus(); },
    r() { refresh(); },
    j() { move(1); },
    k() { move(-1); },
    "?"() { document.getElementById("help").showModal(); },
  };
  if (acts[key]) { event.preventDefault(); acts[key](); }
}

function turn(name, words, apply) {
  const next = words[(words.indexOf(kept.get(name, words[0])) + 1) % words.length];
  kept.set(name, next);
  apply();
}

document.addEventListener("DOMContentLoaded", () => {
  applyTheme();
  writeTimes(document);
  poll();
  listen();
  document.addEventListener("keydown", onKey);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
    else if (asking) asking.abort();
    poll();
    listen();
  });
  addEventListener("pagehide", () => { if (asking) asking.abort(); });
  document.addEventListener("click", (event) => {
    if (event.target.id === "theme") turn("theme", THEMES, applyTheme);
    if (event.target.id === "times") turn("times", TIMES, () => writeTimes(document));
  });
  document.body.addEventListener("htmx:configRequest", (event) => {
    if (tag) event.detail.headers["If-None-Match"] = tag;
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const answer = event.detail.xhr;
    if (answer.status === 200) tag = answer.getResponseHeader("ETag");
    if (new URL(answer.responseURL).pathname === "/sign-in") { event.detail.shouldSwap = false; location.reload(); }
  });
  document.body.addEventListener("htmx:afterSettle", () => { writeTimes(document); poll(); });
  /* What somebody has unfolded stays so. */
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.matches("details"));
});

/* Overview: what is next counts down. */
function countDown(root) {
  for (const element of root.querySelectorAll(".countdown time")) {
    element.textContent = from_now(new Date(element.dateTime));
    element.title = written(element);
  }
}
setInterval(() => { if (!document.hidden) countDown(document); }, 1000);

/* Timeline: the browser's own zone is among those to choose from. */
function offerOwnZone() {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = document.querySelector("select.zones");
  if (zones && own && ![...zones.options].some((each) => each.value === own)) zones.add(new Option(own, own));
}
document.addEventListener("DOMContentLoaded", () => {
  offerOwnZone();
  document.body.addEventListener("htmx:afterSettle", offerOwnZone);
});
