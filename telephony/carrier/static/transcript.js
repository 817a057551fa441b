/** What is said in one call, as it is said. Entries are only ever added, so that a screen reader reads each once. */

import * as voice from "./voice.js";

const NAMES = { line: "The line", carrier: "The carrier", other: "The other person", sound: "" };
const list = document.getElementById("transcript");
const box = document.getElementById("said");
let sid = null;
let heard = 0;
let said = 0;

export const time = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

function add(entry) {
  const item = document.createElement("li");
  item.className = `entry ${entry.who === "you" ? "mine" : entry.who === "sound" ? "sound" : ""}`;
  if (entry.who !== "sound") {
    const by = document.createElement("span");
    by.className = "by";
    by.textContent = `${entry.who === "you" ? "You" : NAMES[entry.who]} · ${time(entry.at_s)}`;
    item.append(by);
  }
  const words = document.createElement("p");
  words.textContent = entry.text;
  item.append(words);
  list.append(item);
}

/** Show a call's transcript up to now. Words heard before this page opened are shown, not read aloud. */
export function show(call) {
  const fresh = call.sid === sid;
  if (!fresh) {
    list.replaceChildren();
    [sid, heard, said] = [call.sid, 0, 0];
  }
  const entries = [
    ...call.heard.slice(heard),
    ...call.said.slice(said).map((entry) => ({ ...entry, who: "you" })),
  ].sort((one, other) => one.at_s - other.at_s);
  if (!entries.length) return;
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 48;
  entries.forEach(add);
  const late = call.age_s - (entries.at(-1)?.at_s ?? 0) > 30;
  if (fresh || !late) {
    entries.filter((entry) => ["line", "carrier", "other"].includes(entry.who))
      .forEach((entry) => voice.read(entry.text, entry.who));
  }
  [heard, said] = [call.heard.length, call.said.length];
  if (atEnd || !fresh) box.scrollTop = box.scrollHeight;
}
