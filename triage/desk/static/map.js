// The map on the dispatch board: beside its list, never instead of it. It is drawn from what the board's live parts hold
// (#marks), after each refresh; of itself it asks for nothing but the outlines, when they are another version.

import { onFresh } from "./live.js";

const REMEMBERED = "board-map-open";
const SHAPES = { help: "■", nobody: "▲", incident: "◆", car: "●" };
const BELOW = 8; // pixels from a place to its words
const CLOSEST = 13; // the outlines show nothing nearer than that

const box = document.getElementById("map-box");
const marks = new Map(); // the id of a row: its marker, button and line

let L = null;
let map = null;
let outline = null;
let shownOutline = "";
let byHand = false; // somebody moved the map: it stays where they put it
let fitting = false;

const listed = () => [...document.querySelectorAll("#marks > li")];
const placeOf = (one) => [Number(one.dataset.lat), Number(one.dataset.lon)];

function remember(open) {
  try {
    localStorage.setItem(REMEMBERED, open ? "yes" : "");
  } catch {
    // storage is shut: the map opens closed next time
  }
}

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED) === "yes";
  } catch {
    return false;
  }
}

// There is something to show: then the map may be opened.
function offer() {
  box.hidden = !(listed().length || document.getElementById("marks").dataset.outline);
}

async function begin() {
  try {
    await import("./vendor/leaflet.js");
  } catch {
    return; // the list is the board; the next refresh tries again
  }
  L = window.L;
  map = L.map("map", {
    attributionControl: false,
    scrollWheelZoom: false, // the page scrolls
    dragging: matchMedia("(pointer: fine)").matches, // so it does under a thumb: two fingers move the map
    zoomAnimation: false,
    fadeAnimation: false,
    zoomSnap: 0.25,
    maxZoom: 16,
  });
  map.setView([52.5, -1.5], 6);
  map.on("dragstart keydown", () => (byHand = true));
  map.on("zoomstart", () => (byHand ||= !fitting));
  map.createPane("names"); // below the marks
  map.on("moveend resize", spread);
  document.getElementById("map-all").addEventListener("click", fit);
}

async function showOutline() {
  const url = document.getElementById("marks").dataset.outline || "";
  if (url === shownOutline) return;
  let given = null;
  if (url) {
    given = await fetch(url).then((answer) => (answer.ok ? answer.json() : null), () => null);
    if (!given) return; // the next refresh tries again
  }
  outline?.remove();
  shownOutline = url;
  outline = given && L.geoJSON(given, { interactive: false, style: { className: "map-outline" }, pointToLayer: named }).addTo(map);
  outline?.bringToBack();
}

function named(feature, at) {
  const words = document.createElement("span");
  words.textContent = feature.properties.name || "";
  return L.marker(at, { pane: "names", interactive: false, keyboard: false, icon: L.divIcon({ className: "map-name", html: words, iconSize: null }) });
}

function fit() {
  const bounds = L.latLngBounds(listed().map(placeOf));
  if (outline) bounds.extend(outline.getBounds());
  if (!bounds.isValid()) return;
  fitting = true;
  map.fitBounds(bounds.pad(0.1), { maxZoom: CLOSEST, animate: false });
  fitting = false;
  byHand = false;
}

function added(row) {
  const button = document.createElement("button");
  button.type = "button";
  button.addEventListener("click", () => find(row));
  button.append(document.createElement("span"), document.createElement("span"));
  button.firstChild.setAttribute("aria-hidden", "true");
  L.DomEvent.disableClickPropagation(button);
  const icon = L.divIcon({ className: "map-mark", html: button, iconSize: null });
  const marker = L.marker([0, 0], { icon, interactive: false, keyboard: false, alt: "" }).addTo(map);
  const line = L.polyline([], { interactive: false, className: "map-line" }).addTo(map);
  marks.set(row, { marker, button, line });
  return marks.get(row);
}

// The row of the list takes the focus: what can be done about it is there.
function find(row) {
  const there = document.getElementById(row);
  there?.scrollIntoView({ block: "center" });
  there?.focus({ preventScroll: true });
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function mark() {
  const wanted = new Map(listed().map((one) => [one.dataset.row, one]));
  for (const [row, { marker, line }] of marks) {
    if (wanted.has(row)) continue;
    marker.remove();
    line.remove();
    marks.delete(row);
  }
  for (const [row, one] of wanted) {
    const { marker, button } = marks.get(row) ?? added(row);
    marker.setLatLng(placeOf(one));
    button.className = `map-button map-${one.dataset.kind}`;
    write(button.firstChild, SHAPES[one.dataset.kind]);
    write(button.lastChild, one.textContent.trim());
  }
  const outside = listed().some((one) => !map.getBounds().contains(placeOf(one)));
  if (outside && !byHand) fit();
  spread();
}

// The words stand right below or above their dot, and inside the map. Two at one place, or near: each later one takes the
// nearest room there is, so that all can be read and pressed. The dot stays at the place, and a line leads to it.
function spread() {
  const taken = [];
  const { x: edge, y: foot } = map.getSize();
  for (const { marker, button, line } of marks.values()) {
    const at = map.latLngToContainerPoint(marker.getLatLng());
    const [wide, high] = [button.offsetWidth, button.offsetHeight];
    const x = at.x > edge ? at.x : Math.max(Math.min(at.x, edge - wide - 2), Math.min(at.x, 0));
    const meets = (top) => taken.find((one) => x < one.x + one.wide && one.x < x + wide && top < one.top + one.high && one.top < top + high);
    const rooms = [at.y + BELOW, at.y - BELOW - high];
    for (const one of taken) rooms.push(one.top + one.high + 1, one.top - high - 1);
    const far = (top) => Math.abs(top + high / 2 - at.y);
    const free = rooms.filter((top) => !meets(top)).sort((one, other) => far(one) - far(other));
    const top = free.find((one) => one > 0 && one + high < foot) ?? free[0];
    taken.push({ x, top, wide, high });
    const end = [Math.min(Math.max(at.x, x + 4), x + wide - 4), top + high / 2];
    line.setLatLngs([marker.getLatLng(), map.containerPointToLatLng(end)]);
    button.style.left = `${x - at.x}px`;
    button.style.top = `${top - at.y}px`;
  }
}

let drawing = false;
async function draw() {
  offer();
  if (box.hidden || !box.open || drawing) return;
  drawing = true;
  try {
    const first = !map;
    if (first) await begin();
    if (!map) return;
    map.invalidateSize();
    await showOutline();
    if (first) fit();
    mark();
  } finally {
    drawing = false;
  }
}

if (box) {
  box.open = remembered();
  box.addEventListener("toggle", () => {
    remember(box.open);
    draw();
  });
  onFresh(draw);
  draw();
}
