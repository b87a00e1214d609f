"use strict";
// A unit and its network, drawn from the facts that the document brings: segments, gateway, uplink, hubs.

const SVG = "http://www.w3.org/2000/svg";
const BOX = { width: 210, height: 46, gap: 10 };
const AT = { segments: 0, gateway: 290, hubs: 580, width: 790 };
const SHOWN = { strong: 24, small: 30, note: 48 }; // characters: more would leave the box

/** The unit's facts in words, and its picture; null when nothing is known of it. */
function unitPanel(code) {
  const facts = Object.hasOwn(data.units, code) ? data.units[code] : null;
  if (!facts || typeof facts !== "object") return null;
  const line = el("p", {}, code);
  if (facts.kind) line.append(" · ", spoken(String(facts.kind)));
  const panel = el("div", { class: "panel" }, el("h3", {}, String(facts.name || code)), line);
  for (const key of ["wave", "staff", "predecessors"]) {
    const value = Array.isArray(facts[key]) ? facts[key].join(", ") : facts[key];
    if (value !== undefined && value !== null && value !== "") line.append(" · ", spoken(key), ` ${value}`);
  }
  if (facts.gateway && typeof facts.gateway === "object") panel.append(picture(facts));
  return panel;
}

function picture(facts) {
  const segments = Array.isArray(facts.segments) ? facts.segments : [];
  const hubs = Array.isArray(facts.hubs) ? facts.hubs : [];
  const rows = Math.max(segments.length, hubs.length, 2);
  const height = rows * (BOX.height + BOX.gap);
  const middle = height / 2;
  const drawing = svg("svg", { viewBox: `-4 -4 ${AT.width + 8} ${height + 8}`, class: "picture", role: "img" });
  drawing.setAttribute("aria-label", told(facts, segments, hubs));
  segments.forEach((one, at) => wire(drawing, AT.segments + BOX.width, level(at, segments.length, middle), AT.gateway, middle));
  hubs.forEach((one, at) => wire(drawing, AT.gateway + BOX.width, middle, AT.hubs, level(at, hubs.length, middle)));
  segments.forEach((one, at) => {
    const vlan = one.vlan === null || one.vlan === undefined ? "" : ` · VLAN ${one.vlan}`;
    box(drawing, AT.segments, level(at, segments.length, middle), `${one.name}${vlan}`, one.network, "segment");
  });
  const { name, uplink, loopback, block, block6 } = facts.gateway;
  box(drawing, AT.gateway, middle, name, loopback, "gateway");
  const notes = [uplink && `${word("uplink")} ${uplink}`, block, block6].filter(Boolean);
  notes.forEach((note, at) => label(drawing, AT.gateway + BOX.width / 2, middle + 42 + at * 16, String(note), "note"));
  hubs.forEach((one, at) => box(drawing, AT.hubs, level(at, hubs.length, middle), one.name, one.site, "hub"));
  return drawing;
}

/** The picture in words, for who can't see it. */
function told(facts, segments, hubs) {
  const { name, uplink } = facts.gateway;
  const nets = segments.map((one) => `${one.name} ${one.network}`).join(", ");
  return `${word("network")}: ${word("gateway")} ${name}, ${word("uplink")} ${uplink || "-"}; ${nets}; ${word("hub")} ${hubs
    .map((one) => one.name)
    .join(", ")}`;
}

function level(at, count, middle) {
  return middle + (at - (count - 1) / 2) * (BOX.height + BOX.gap);
}

function wire(drawing, x1, y1, x2, y2) {
  const bend = (x1 + x2) / 2;
  drawing.append(svg("path", { d: `M${x1} ${y1} C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`, class: "wire" }));
}

function box(drawing, x, y, title, below, kind) {
  const top = y - BOX.height / 2;
  drawing.append(svg("rect", { x, y: top, width: BOX.width, height: BOX.height, rx: 6, class: kind }));
  label(drawing, x + BOX.width / 2, below ? y - 4 : y + 4, String(title), "strong");
  if (below) label(drawing, x + BOX.width / 2, y + 14, String(below), "small");
}

function label(drawing, x, y, text, kind) {
  const made = svg("text", { x, y, class: kind, "text-anchor": "middle" });
  made.textContent = text.length > SHOWN[kind] ? `${text.slice(0, SHOWN[kind])}…` : text;
  drawing.append(made);
}

function svg(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
