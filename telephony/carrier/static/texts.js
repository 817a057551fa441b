/** Texts with one number at a time, as a thread. */

import * as carrier from "./carrier.js";

const thread = document.getElementById("thread");
const list = document.getElementById("messages");
const box = document.getElementById("conversation");
const none = document.getElementById("no-messages");
const body = document.getElementById("body");
const piece = document.getElementById("piece");
const problem = document.getElementById("text-problem");
const ARRIVED = ["received", "delivered"];
let owner = "";
let nameOf = (number) => number;
let texts = [];
const shown = new Set();

function other(message) {
  return message.direction === "sent" ? message.to : message.from;
}

function offer(number) {
  if ([...thread.options].some((option) => option.value === number)) return;
  thread.add(new Option(nameOf(number), number));
}

function heading(message) {
  const at = new Date(message.at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return `${message.direction === "sent" ? "You" : nameOf(other(message))} · ${at}`;
}

/** A file as the carrier takes it: its kind and its bytes. */
async function asMedia(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return { type: file.type || "application/octet-stream", base64: btoa(text) };
}

/** What came or went with the words, said: nothing is shown or played here. */
function pieces(types) {
  const kinds = { image: "a picture", audio: "a voice note", video: "a video" };
  return types.map((type) => kinds[type.split("/")[0]] ?? "a file").join(", ");
}

function draw() {
  const wanted = texts.filter((message) => other(message) === thread.value);
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 48;
  let added = false;
  for (const message of wanted) {
    if (shown.has(message.sid)) continue;
    const item = document.createElement("li");
    item.className = `entry ${message.direction === "sent" ? "mine" : ""}`;
    const by = document.createElement("span");
    by.className = "by";
    by.textContent = heading(message);
    const words = document.createElement("p");
    words.textContent = message.body;
    item.append(by, words);
    if (message.media.length) {
      const sent = document.createElement("p");
      sent.className = "hint";
      sent.textContent = `With ${pieces(message.media)}`;
      item.append(sent);
    }
    list.append(item);
    shown.add(message.sid);
    added = true;
  }
  none.hidden = wanted.length > 0;
  if (added && atEnd) box.scrollTop = box.scrollHeight;
}

function clear() {
  shown.clear();
  list.replaceChildren();
}

/** Begin: whose phone this is, which lines there are, how numbers are named. */
export function begin(id, lines, naming) {
  owner = id;
  nameOf = naming;
  lines.forEach((line) => offer(line.number));
  thread.addEventListener("change", () => { clear(); draw(); });
  body.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) body.form.requestSubmit();
  });
  body.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    const words = body.value;
    const files = [...piece.files];
    if (!words.trim() && !files.length) return;
    try {
      await carrier.text(owner, thread.value, words, await Promise.all(files.map(asMedia)));
      if (body.value === words) body.value = "";
      piece.value = "";
    } catch (refused) {
      problem.textContent = `Not sent: ${refused.message}`;
      problem.hidden = false;
    }
    body.focus();
  });
}

/** Show what has come and what was sent; a text still on its way has not come yet. A text from someone new opens their thread if none is in use. */
export function show(now) {
  const arrived = now.filter((message) => ARRIVED.includes(message.status));
  const fresh = arrived.length > texts.length;
  texts = arrived;
  texts.forEach((message) => offer(other(message)));
  const last = texts.at(-1);
  if (fresh && last && last.direction === "received" && other(last) !== thread.value && !body.value) {
    thread.value = other(last);
    clear();
  }
  draw();
}
