"use strict";
// The lines of one item: texts side by side, values before and after.

const MARKED = 2000; // characters of a line; in longer ones the difference inside is not looked for

/** All parts of an item as elements. */
function linesOf(index) {
  const parts = JSON.parse(details[index]);
  const item = data.items[index];
  const told = [...(item.destroys || []).map((one) => ["destroys", one]), ...(item.keeps || []).map((one) => ["keeps", one])];
  const losses = told.map(([key, one]) => el("p", { class: "loss" }, spoken(key), `: ${one}`));
  if (!parts.length && !losses.length) return [el("p", {}, spoken("again"))];
  return [...losses, ...parts.map((part) => (part.rows ? valuesTable(part) : textTable(part)))];
}

function valuesTable(part) {
  const [left, right] = data.sides;
  const table = el("table", { class: "values" });
  if (part.place) table.append(el("caption", {}, part.place));
  table.append(head([["what"], [left], [right]]));
  const body = el("tbody");
  for (const [what, before, after] of part.rows) {
    const label = what ? el("th", { scope: "row" }, what) : el("td");
    body.append(el("tr", {}, label, side("del", before, after), side("ins", after, before)));
  }
  table.append(body);
  return table;
}

function textTable(part) {
  const [left, right] = data.sides;
  const table = el("table", { class: "sides" }, el("caption", {}, part.place));
  const whole = part.new || part.gone;
  if (whole) {
    table.append(head([["line", "no"], [part.new ? right : left]]));
    const tag = part.new ? "ins" : "del";
    table.append(el("tbody", {}, ...whole.map((line, at) => el("tr", {}, number(at + 1), side(tag, line, null)))));
  } else {
    table.append(head([["line", "no"], [left], ["line", "no"], [right]]));
    for (const hunk of part.hunks) table.append(hunkBody(hunk));
  }
  const notes = (part.notes || []).map((note) => el("p", { class: "note" }, note));
  return notes.length ? el("div", {}, table, ...notes) : table;
}

function hunkBody(hunk) {
  let { before, after } = hunk;
  const body = el("tbody");
  for (const row of hunk.rows) {
    const [old, now] = row.length === 1 ? [row[0], row[0]] : row;
    const same = row.length === 1;
    const cells = [old === null ? number("") : number(before++), same ? el("td", {}, old) : side("del", old, now)];
    cells.push(now === null ? number("") : number(after++), same ? el("td", {}, now) : side("ins", now, old));
    body.append(el("tr", {}, ...cells));
  }
  return body;
}

function head(columns) {
  const cells = columns.map(([key, kind]) => el("th", kind ? { scope: "col", class: kind } : { scope: "col" }, spoken(key)));
  return el("thead", {}, el("tr", {}, ...cells));
}

function number(value) {
  return el("td", { class: "no" }, String(value));
}

/** One side of what differs; what is different inside it is marked. Nothing there: an empty cell. */
function side(tag, text, other) {
  if (text === null || text === "") return el("td", { class: other ? "absent" : "" });
  return el("td", { class: tag === "del" ? "gone" : "came" }, el(tag, {}, ...marked(text, other)));
}

function marked(text, other) {
  if (!other || text.length > MARKED || other.length > MARKED) return [text];
  const [one, two] = [Array.from(text), Array.from(other)];
  const room = Math.min(one.length, two.length);
  let head = 0;
  while (head < room && one[head] === two[head]) head += 1;
  let tail = 0;
  while (tail < room - head && one[one.length - 1 - tail] === two[two.length - 1 - tail]) tail += 1;
  if (head + tail === 0 || head + tail >= one.length) return [text];
  const middle = one.slice(head, one.length - tail).join("");
  return [one.slice(0, head).join(""), el("mark", {}, middle), one.slice(one.length - tail).join("")];
}
