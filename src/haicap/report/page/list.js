"use strict";
// The list: rows as they are needed, the controls above it, printing, the keyboard.

const PAGE = 200; // rows that are made at once
const list = document.getElementById("list");
const form = document.querySelector(".filters");
let state = chosen();
let found = [];
let made = 0;
let printing = false;

/** Show what the state says; `step` when somebody followed a link. */
function show(step) {
  keep(state, step);
  speak(state.lang);
  if (!list) return;
  for (const field of FIELDS) form.elements[field].value = state[field];
  found = fitting(state);
  made = 0;
  list.replaceChildren();
  grow(printing ? found.length : PAGE);
  if (!found.length) list.append(el("li", { class: "empty" }, spoken("none-found")));
  form.querySelector("[role=status]").replaceChildren(`${found.length} `, spoken("shown"), ` ${data.items.length}`);
  const panel = state.unit ? unitPanel(state.unit) : null;
  document.getElementById("unit").replaceChildren(...(panel ? [panel] : []));
}

/** Make the next rows, and a button for more; scrolling to it presses it. */
function grow(count) {
  list.querySelector(".more-rows")?.remove();
  const next = found.slice(made, made + count);
  list.append(...next.map(row));
  made += next.length;
  if (made >= found.length) return;
  const button = el("button", { type: "button" }, spoken("more-rows"), ` (${found.length - made})`);
  const holder = el("li", { class: "more-rows" }, button);
  list.append(holder);
  button.addEventListener("click", () => {
    const last = list.children[made - 1];
    grow(PAGE);
    last.nextElementSibling?.querySelector("summary")?.focus();
  });
  new IntersectionObserver((seen, observer) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    observer.disconnect();
    if (holder.isConnected && document.activeElement !== button) grow(PAGE);
  }).observe(holder);
}

function row(index) {
  const item = data.items[index];
  const sign = Object.hasOwn(data.signs, item.action) ? data.signs[item.action] : "";
  const tag = el("span", { class: `tag ${item.action}` }, el("span", { "aria-hidden": "true" }, `${sign} `), spoken(item.action));
  const where = item.unit ? el("span", { class: "where" }, `${item.name || ""} `, el("small", {}, item.unit)) : null;
  const summary = el("summary", {}, tag, " ", el("b", {}, item.what), " ", where, " ", el("span", { class: "system" }, item.system));
  if (item.destroys) summary.append(" ", el("span", { class: "tag delete" }, spoken("destroys"), `: ${item.destroys.length}`));
  if (item.cost) summary.append(" ", el("span", { class: "tag warn" }, item.cost));
  if (item.places) summary.append(" ", el("span", { class: "places" }, item.places.join(", ")));
  const folder = el("details", { "data-index": String(index) }, summary);
  folder.addEventListener("toggle", () => toggled(folder, index));
  if (state.open.has(index) || printing) unfold(folder, index);
  return el("li", {}, folder);
}

function toggled(folder, index) {
  if (printing) return;
  if (folder.open) unfold(folder, index);
  if (state.open.has(index) === folder.open) return;
  state.open[folder.open ? "add" : "delete"](index);
  keep(state, false);
}

/** Open it; what is in it is made the first time. */
function unfold(folder, index) {
  folder.open = true;
  if (folder.querySelector(".lines")) return;
  const body = el("div", { class: "lines" }, ...linesOf(index));
  const { unit } = data.items[index];
  if (unit && Object.hasOwn(data.units, unit) && !state.unit) body.append(network(unit, index));
  folder.append(body);
}

/** A unit's picture, folded; on paper it stands at the unit's first item. */
function network(unit, index) {
  const folder = el("details", { class: "network" }, el("summary", {}, spoken("network"), ` ${data.items[index].name || unit}`));
  const draw = () => {
    if (folder.open && folder.children.length === 1) folder.append(unitPanel(unit) || "");
  };
  folder.addEventListener("toggle", (event) => {
    event.stopPropagation();
    draw();
  });
  if (printing && found.find((one) => data.items[one].unit === unit) === index) {
    folder.open = true;
    draw();
  }
  return folder;
}

/** The choices of a filter: what there is, in its order. */
function choices(field, values) {
  const all = el("option", { value: "" }, spoken("all"));
  // An option holds text alone, and is said anew with the language like all else.
  all.dataset.word = "all";
  all.textContent = word("all");
  form.elements[field].replaceChildren(all, ...values);
}

function option(value, text, key) {
  const one = el("option", { value }, text);
  if (key) one.dataset.word = key;
  return one;
}

function fill() {
  const units = new Map(data.items.map((item) => [item.unit || SHARED, item.name || ""]));
  const distinct = (field) => [...new Set(data.items.map((item) => item[field]))];
  const sorted = [...units].sort(([a], [b]) => (a < b ? -1 : 1));
  choices("action", distinct("action").map((one) => option(one, word(one), one)));
  choices("system", distinct("system").sort().map((one) => option(one, one)));
  choices("unit", sorted.map(([code, name]) => (code === SHARED ? option(code, word("shared"), "shared") : option(code, `${code} ${name}`))));
}

function printed(now) {
  if (printing === now || !list) return;
  printing = now;
  show(false);
}

function listen() {
  let waiting = 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (const field of FIELDS) state[field] = form.elements[field].value;
      show(false);
    }, 120);
  });
  form.elements.reset.addEventListener("click", () => {
    for (const field of FIELDS) state[field] = "";
    show(true);
  });
  form.elements.expand.addEventListener("click", () => folders().forEach((one) => unfold(one, Number(one.dataset.index))));
  form.elements.collapse.addEventListener("click", () => folders().forEach((one) => (one.open = false)));
  addEventListener("beforeprint", () => printed(true));
  addEventListener("afterprint", () => printed(false));
  matchMedia("print").addEventListener("change", (event) => printed(event.matches));
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
    event.preventDefault();
    form.elements.q.focus();
  });
}

function folders() {
  return [...list.querySelectorAll("details[data-index]")];
}

function start() {
  document.querySelector(".languages").hidden = false;
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      state.lang = button.dataset.language;
      show(false);
    });
  }
  for (const link of document.querySelectorAll("[data-filter]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      state[link.dataset.filter] = link.dataset.value;
      show(true);
      document.getElementById("changes")?.focus();
    });
  }
  document.querySelector("[data-skip]")?.addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("changes").focus();
  });
  addEventListener("popstate", () => {
    state = chosen();
    show(false);
  });
  if (list) {
    form.hidden = false;
    fill();
    listen();
  }
  show(false);
}

start();
