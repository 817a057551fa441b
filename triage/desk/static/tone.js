// A sound while something waits for a person, one for each kind, repeated until somebody has it. The service says which: on the
// desk somebody who said there is danger now; on the board the gravest of what nobody has taken. Browsers keep silent until the
// first click, so it is off until then, and the button says which. Never sound alone: the list and the title say it too.

import { onFresh } from "./live.js";

const SOUNDS = {
  danger: { notes: [660, 880, 660], everyMs: 3000 },
  help: { notes: [660, 880, 660], everyMs: 3000 },
  nobody: { notes: [620, 440], everyMs: 5000 },
  person: { notes: [330], everyMs: 15000 },
};
const button = document.getElementById("sound");
let context = null;
let wanted = false;
let repeating = null;
let kind = "";

function play() {
  if (!context || !wanted) return;
  SOUNDS[kind].notes.forEach((pitch, at) => {
    const note = context.createOscillator();
    const loud = context.createGain();
    const start = context.currentTime + at * 0.22;
    note.frequency.value = pitch;
    loud.gain.setValueAtTime(0, start);
    loud.gain.linearRampToValueAtTime(0.25, start + 0.02);
    loud.gain.linearRampToValueAtTime(0, start + 0.2);
    note.connect(loud).connect(context.destination);
    note.start(start);
    note.stop(start + 0.22);
  });
  button.dataset.played = String(Number(button.dataset.played || 0) + 1);
  button.dataset.kind = kind;
}

function follow() {
  const needed = (wanted && document.querySelector("[data-sound]")?.dataset.sound) || "";
  if (needed === kind) return;
  clearInterval(repeating);
  kind = needed;
  if (!SOUNDS[kind]) return;
  play();
  repeating = setInterval(play, SOUNDS[kind].everyMs);
}

function set(on) {
  wanted = on;
  if (on) {
    context ??= new AudioContext();
    context.resume();
  }
  button.setAttribute("aria-pressed", String(on));
  button.textContent = `Sound for ${button.dataset.for}: ${on ? "on" : "off"}`;
  follow();
}

if (button) {
  // The first click anywhere turns it on; after that only the button changes it.
  document.addEventListener("click", () => set(true), { once: true, capture: true });
  button.addEventListener("click", (event) => {
    if (event.detail !== 0 && !button.dataset.met) set(true);
    else set(!wanted);
    button.dataset.met = "yes";
  });
  onFresh(follow);
}
