/** One person's phone: rings, is rung, hears, speaks, presses keys and texts. The carrier is asked twice a second. */

import * as carrier from "./carrier.js";
import * as texts from "./texts.js";
import * as transcript from "./transcript.js";
import * as voice from "./voice.js";

const EVERY_MS = 450;
const A_CALLER = "+447700900100";
const LIVE = ["queued", "ringing", "in-progress"];
const ENDINGS = {
  completed: "The call has ended.",
  busy: "The call was refused.",
  "no-answer": "Nobody answered.",
  failed: "The call could not be made.",
  canceled: "The caller hung up first.",
};

const $ = (id) => document.getElementById(id);
const owner = new URLSearchParams(location.search).get("phone") || A_CALLER;
const isBrowser = owner.startsWith("client:");
let names = new Map();
let current = null;
let ringing = null;
let shownState = "";

const nameOf = (number) => names.get(number) ?? number;
const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);

function put(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function visible(element, yes) {
  if (element.hidden === yes) element.hidden = !yes;
}

function describe(call) {
  if (call.status !== "in-progress") return call.incoming ? "Ringing" : "Ringing the line";
  if (call.hold) return "You are on hold.";
  if (call.conference && !call.conference_started) return "You are waiting for the other person.";
  if (call.other_parties.length === 1) return "You are talking with someone.";
  if (call.other_parties.length > 1) return `You are talking with ${call.other_parties.length} people.`;
  if (call.asking?.speech && call.asking.digits) return "The line is listening: say something or press keys.";
  if (call.asking?.speech) return "The line is listening: say something.";
  if (call.asking) return "The line is waiting for keys.";
  if (call.queue) return "You are waiting to be answered by a person.";
  return "You are in a call.";
}

function showIncoming(calls) {
  const next = calls.find((call) => call.incoming && call.status === "ringing") ?? null;
  visible($("incoming"), next !== null);
  visible($("incoming-note"), current !== null);
  if (next?.sid === ringing?.sid) return;
  const hadFocus = $("incoming").contains(document.activeElement);
  ringing = next;
  const words = next ? sentence(`${nameOf(next.from)} is ringing`) : "";
  put($("incoming-title"), words);
  put($("announce"), words);
  document.title = next ? `${words} - Phone` : `${nameOf(owner)} - Phone`;
  if (next && document.activeElement === document.body) $("answer").focus();
  if (!next && hadFocus) $("call-title").focus();
}

function showCall(calls) {
  const live = calls.filter((call) => LIVE.includes(call.status) && (!call.incoming || call.status === "in-progress"));
  const before = current;
  current = live.at(-1) ?? null;
  const last = current ?? calls.find((call) => call.sid === before?.sid) ?? null;
  const inPanel = $("call").contains(document.activeElement);

  visible($("ring"), current === null);
  visible($("live"), current !== null);
  visible($("controls"), current?.status === "in-progress");
  if (last) {
    visible($("said"), true);
    visible($("transcript-title"), true);
    transcript.show(last);
  }
  if (current) {
    put($("call-title"), current.incoming ? `Call from ${nameOf(current.from)}` : `Call to ${nameOf(current.to) || "the line"}`);
    const state = describe(current);
    if (state !== shownState) put($("state"), (shownState = state));
    put($("clock"), transcript.time(current.age_s - (current.answered_at ?? 0)));
    $("keypad").classList.toggle("asked", Boolean(current.asking?.digits));
    $("speak").classList.toggle("asked", Boolean(current.asking?.speech));
  } else if (before) {
    voice.hush();
    shownState = "";
    put($("call-title"), ENDINGS[last?.status] ?? "The call has ended.");
    put($("announce"), ENDINGS[last?.status] ?? "The call has ended.");
  }
  const changed = Boolean(current) !== Boolean(before) || current?.sid !== before?.sid;
  if (changed && (inPanel || document.activeElement === document.body)) $("call-title").focus();
}

async function look() {
  try {
    const now = await carrier.phone(owner);
    showCall(now.calls);
    showIncoming(now.calls);
    texts.show(now.texts);
    visible($("lost"), false);
  } catch (problem) {
    visible($("lost"), true);
  }
  setTimeout(look, EVERY_MS);
}

/** Do something to a call; if it is over already, the next look will say so. */
async function act(sid, what, body) {
  try {
    await carrier.act(sid, what, body);
  } catch (refused) {
    if (!(refused instanceof carrier.Refused)) throw refused;
  }
}

async function press(key) {
  if (current?.status !== "in-progress") return;
  voice.hush();
  await act(current.sid, "digits", { digits: key });
}

function wire() {
  $("ring").addEventListener("submit", async (event) => {
    event.preventDefault();
    visible($("ring-problem"), false);
    const to = $("line").value === "other" ? $("line-number").value.replace(/[\s()-]/g, "") : $("line").value;
    const from = $("withheld").checked ? "anonymous" : owner;
    try {
      await carrier.ring(isBrowser ? owner : from, to, owner);
    } catch (refused) {
      put($("ring-problem"), `Not rung: ${refused.message}`);
      visible($("ring-problem"), true);
    }
  });
  $("line").addEventListener("change", showLine);
  $("hangup").addEventListener("click", () => current && act(current.sid, "hangup"));
  $("answer").addEventListener("click", async () => {
    const { sid } = ringing ?? {};
    if (!sid) return;
    if (current) await act(current.sid, "hangup");
    await act(sid, "answer");
  });
  $("reject").addEventListener("click", () => ringing && act(ringing.sid, "reject"));
  $("voicemail").addEventListener("click", () => ringing && act(ringing.sid, "voicemail"));
  $("keypad").addEventListener("click", (event) => {
    const key = event.target.closest("button")?.dataset.key;
    if (key) press(key);
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey && /^[0-9*#]$/.test(event.key)) press(event.key);
  });
  $("speak").addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = $("words").value.trim();
    if (!words || !current) return;
    $("words").value = "";
    voice.hush();
    await act(current.sid, "speech", { text: words });
  });
  $("sound").addEventListener("click", () => { voice.toggle(); showSound(); });
  $("become").addEventListener("submit", (event) => {
    event.preventDefault();
    const number = $("number").value.replace(/[\s()-]/g, "");
    if (number) location.search = `?phone=${encodeURIComponent(number)}`;
  });
}

function showSound() {
  $("sound").setAttribute("aria-pressed", String(voice.isOn()));
  put($("sound"), voice.isOn() ? "Voice on" : "Voice off");
}

function showLine() {
  const other = $("line").value === "other";
  visible($("line-other"), other);
  put($("line-shown"), other ? "" : $("line").value);
}

function showDirectory({ lines, phonebook }) {
  names = new Map([...phonebook, ...lines].filter((entry) => entry.name).map((entry) => [entry.number, entry.name]));
  for (const line of lines) {
    $("line").add(new Option(sentence(nameOf(line.number)), line.number));
  }
  $("line").add(new Option("Another number", "other"));
  showLine();
  for (const entry of [{ name: "A caller", number: A_CALLER }, ...phonebook]) {
    if (entry.number === owner) continue;
    const link = document.createElement("a");
    link.href = `/?phone=${encodeURIComponent(entry.number)}`;
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = entry.name;
    const item = document.createElement("li");
    item.append(link);
    $("phonebook").append(item);
  }
}

async function begin() {
  let book = null;
  while (!book) {
    try {
      book = await carrier.directory();
    } catch (problem) {
      visible($("lost"), true);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
  showDirectory(book);
  put($("owner"), names.get(owner) ?? (owner === A_CALLER ? "A caller" : "Phone"));
  put($("owner-number"), owner);
  document.title = `${nameOf(owner)} - Phone`;
  visible($("withheld").parentElement, !isBrowser);
  visible($("texts"), !isBrowser);
  texts.begin(owner, book.lines, nameOf);
  wire();
  showSound();
  look();
}

begin();
