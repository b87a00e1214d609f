"use strict";
// What is searched and filtered, and the address that keeps it, so that a link shows the same to somebody else.

const FIELDS = ["q", "action", "system", "unit"];
const SHARED = "-"; // stands for no unit
const KEPT = 50; // open items in the address; more make it too long
const details = document.getElementById("details").textContent.split("\n");
const folded = new Map(); // of each item that was searched, its text

/** What the address says. */
function chosen() {
  const said = new URLSearchParams(location.hash.slice(1));
  const state = { lang: said.get("lang") || "en", open: new Set() };
  for (const field of FIELDS) state[field] = said.get(field) || "";
  for (const index of (said.get("open") || "").split(",")) if (/^\d{1,9}$/.test(index)) state.open.add(Number(index));
  return state;
}

/** Put it into the address. A `step` can be taken back with the browser's own button. */
function keep(state, step) {
  const said = new URLSearchParams();
  for (const field of FIELDS) if (state[field]) said.set(field, state[field]);
  if (state.lang !== "en") said.set("lang", state.lang);
  if (state.open.size) said.set("open", [...state.open].slice(0, KEPT).join(","));
  history[step ? "pushState" : "replaceState"](null, "", `#${said}`);
}

/** Without case and accents, so that `duc trong` finds Đức Trọng. */
function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase();
}

/** All text of an item, its lines too. JSON's own escapes are undone by reading it. */
function textOf(index) {
  if (!folded.has(index)) {
    const { unit, name, system, what, action, destroys, keeps } = data.items[index];
    const words = [unit, name, system, what, action, ...(destroys || []), ...(keeps || [])];
    folded.set(index, fold(`${words.join(" ")} ${texts(JSON.parse(details[index])).join(" ")}`));
  }
  return folded.get(index);
}

/** Every text in a value. */
function texts(value) {
  if (typeof value === "string") return [value];
  return value && typeof value === "object" ? Object.values(value).flatMap(texts) : [];
}

/** The indices of all items that fit. Every word that is searched for must be in it. */
function fitting(state) {
  const wanted = fold(state.q).split(/\s+/).filter(Boolean);
  const fits = (item, index) =>
    (!state.action || item.action === state.action) &&
    (!state.system || item.system === state.system) &&
    (!state.unit || (item.unit || SHARED) === state.unit) &&
    wanted.every((one) => textOf(index).includes(one));
  return [...data.items.keys()].filter((index) => fits(data.items[index], index));
}
