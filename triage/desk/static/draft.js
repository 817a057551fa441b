// What is half written (outcome, text, the request for the car) saves itself: a second after typing stops, and on leaving a
// field. It says when it was saved, and keeps trying, saying so, when it could not be.

import { askAgain } from "./again.js";

const AFTER_MS = 1000;
const RETRY_MS = 3000;
let timer = null;
let dirty = false;
let saving = false;

const PREFIX = { "outcome-form": "", "car-form": "car-", "text-form": "text-" };
const formOf = (element) => element?.closest?.("#outcome-form, #car-form, #text-form");
const saved = () => document.getElementById("saved");

function later(wait) {
  clearTimeout(timer);
  timer = setTimeout(save, wait);
}

function send(options) {
  const url = document.querySelector("[data-draft]")?.dataset.draft;
  if (!url) return null;
  const body = new URLSearchParams();
  for (const [id, prefix] of Object.entries(PREFIX)) {
    const form = document.getElementById(id);
    for (const [name, value] of form ? new FormData(form) : []) {
      if (name === "csrf_token") body.set(name, value);
      else body.append(prefix + name, value);
    }
  }
  return fetch(url, { method: "POST", body, headers: { "HX-Request": "true" }, ...options });
}

let underWay = Promise.resolve();

/** Whatever is half written is saved, or has been tried, once this is over: before other forms take the place of these. */
export async function flush() {
  await underWay;
  await save();
}

function save() {
  if (!dirty || saving) return Promise.resolve();
  dirty = false;
  saving = true;
  underWay = sending();
  return underWay;
}

async function sending() {
  try {
    const answer = await send({ signal: AbortSignal.timeout(4000) });
    if (!answer) return;
    if (answer.status === 401) askAgain();
    if (!answer.ok) throw new Error(String(answer.status));
    const { saved_at: at } = await answer.json();
    if (saved()) saved().textContent = `Saved ${at}`;
  } catch {
    dirty = true;
    if (saved()) saved().textContent = "Not saved yet: no answer. It stays on this page and is tried again.";
    later(RETRY_MS);
    return;
  } finally {
    saving = false;
  }
  if (dirty) later(AFTER_MS); // typed while it was being saved
}

document.addEventListener("input", (event) => {
  if (!formOf(event.target)) return;
  dirty = true;
  later(AFTER_MS);
});
document.addEventListener("focusout", (event) => {
  if (formOf(event.target)) save();
});
// Words that were put in are half written too.
document.body.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx?.sourceElement?.id !== "text-form" || !document.getElementById("text-body")?.value) return;
  dirty = true;
  later(AFTER_MS);
});
window.addEventListener("pagehide", () => {
  if (dirty) send({ keepalive: true });
});
// What was sent is not half written any more, which the service knows by itself; what stands in the other forms still is.
document.addEventListener("submit", (event) => {
  if (formOf(event.target) && dirty) later(RETRY_MS);
});
