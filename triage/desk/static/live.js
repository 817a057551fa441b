// Keeps a page true: asks each second whether anything changed, and changes only what did.
//
// The question carries the version the page has; the answer is almost always "304, the same". A new version comes as parts
// that htmx morphs in place, so that focus, open details and half-typed words stay. Whatever goes wrong never replaces a
// panel: it turns grey and says how old it is.

import { askAgain } from "./again.js";
import { setTime, tickClocks } from "./clocks.js";
import { answered, say } from "./notices.js";

const STALE_AFTER_MS = 4000;
const GIVE_UP_MS = 4000;
const POINTING_MS = 2000; // a pointer that moved over buttons this lately is about to press one
const HELD_AT_MOST_MS = 3000;
const TITLE = document.title;

const url = document.body.dataset.live;
let version = null;
let lastAnswer = Date.now();
let asking = false;
let again = false;
let trouble = "";

const listeners = [];

/** Be told after each time the page was brought up to date. */
export function onFresh(listener) {
  listeners.push(listener);
}

// Rows never move under the pointer: while it moves over buttons, a new version waits, for HELD_AT_MOST_MS at most.
let pointerMoved = 0;
let heldSince = 0;
document.addEventListener("pointermove", (event) => {
  if (event.pointerType === "mouse") pointerMoved = Date.now();
});

function aboutToPress() {
  const pointing = Date.now() - pointerMoved < POINTING_MS && document.querySelector("main .presses:hover");
  if (!pointing) heldSince = 0;
  else heldSince ||= Date.now();
  return pointing && Date.now() - heldSince < HELD_AT_MOST_MS;
}

// Of several conversations, the one to show next: asked for until it is there.
let showing = "";

/** Show this contact's conversation instead of the one on the page. */
export async function show(contact) {
  showing = contact;
  version = null;
  await refresh();
}

/** Ask now, not at the next second: after a press, whatever the pointer does. */
export async function refresh() {
  pointerMoved = 0;
  await update();
}

async function update() {
  if (!url) return;
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    await ask();
  } catch {
    trouble = "The service does not answer";
  } finally {
    asking = false;
    showAge();
  }
  if (again) {
    again = false;
    await update();
  }
}

async function ask() {
  const workspace = document.querySelector("[data-contact]");
  const wanted = showing;
  const asked = new URLSearchParams();
  if (workspace) asked.set("with", workspace.dataset.contact);
  if (workspace && wanted) asked.set("show", wanted);
  if (workspace && document.visibilityState === "visible") asked.set("seen", "1");
  const where = workspace ? `${url}?${asked}` : url;
  const headers = { "HX-Request": "true" };
  if (version) headers["If-None-Match"] = version;
  const answer = await fetch(where, { headers, cache: "no-store", signal: AbortSignal.timeout(GIVE_UP_MS) });
  if (answer.status === 401) {
    trouble = "You are signed out";
    askAgain();
    return;
  }
  if (answer.status !== 304 && !answer.ok) {
    trouble = "The service cannot answer now";
    return;
  }
  setTime(Number(answer.headers.get("X-Service-Time")));
  if (answer.status === 200 && !aboutToPress()) {
    heldSince = 0;
    await swap(await answer.text());
    version = answer.headers.get("ETag");
    if (wanted === showing) showing = "";
  }
  lastAnswer = Date.now();
  trouble = "";
  answered();
}

async function swap(text) {
  const open = [...document.querySelectorAll("main details[open][id]")].map((one) => one.id);
  await window.htmx.swap({ text, sourceElement: document.body, swap: "none" });
  for (const id of open) {
    const details = document.getElementById(id);
    if (details) details.open = true;
  }
  tickClocks();
  summarise();
  alert();
  for (const listener of listeners) listener();
}

// The title counts who waits, and one polite sentence says what changed: never the whole list.
function summarise() {
  const counted = document.querySelector("[data-summary]");
  const said = document.getElementById("summary");
  if (!counted) return;
  const waiting = Number(counted.dataset.waiting || counted.dataset.nobody || 0);
  const danger = Number(document.querySelector("[data-danger]")?.dataset.danger || 0);
  document.title = waiting ? `(${waiting}${danger ? "!" : ""}) ${TITLE}` : TITLE;
  if (said && said.textContent !== counted.dataset.summary) said.textContent = counted.dataset.summary;
}

// Each panel says how old it is; why, and what that means, is said once, on top.
function showAge() {
  const age = Date.now() - lastAnswer;
  const stale = age > STALE_AFTER_MS;
  const seconds = Math.round(age / 1000);
  document.body.classList.toggle("stale", stale);
  write(document.getElementById("stale"), stale ? `Not live: ${trouble || "no answer"}. This page is as it was ${seconds} s ago.` : "");
  for (const element of document.querySelectorAll("[data-age]")) write(element, stale ? `${seconds} s old` : "live");
}

function write(element, words) {
  if (element && element.textContent !== words) element.textContent = words;
}

// What somebody must not miss is said on top when it first appears, and stays until the next press.
const alerted = new Set();

function alert(quietly) {
  for (const one of document.querySelectorAll("[data-alert]")) {
    if (alerted.has(one.dataset.alert)) continue;
    alerted.add(one.dataset.alert);
    if (!quietly) say(one.textContent, "refused");
  }
}

/** Start asking, once a second, also while the page is hidden. */
export function start() {
  if (!url) return;
  document.addEventListener("visibilitychange", update);
  const ticker = new Worker(new URL("./ticker.js", import.meta.url));
  ticker.onmessage = () => {
    tickClocks();
    showAge();
    update();
  };
  summarise();
  alert(true);
  refresh();
}
