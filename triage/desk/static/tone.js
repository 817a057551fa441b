// A tone while somebody who said there is danger now waits (desk) or a crew asks for help (board), repeated until somebody has
// it. Browsers keep silent until the
// first click, so it is off until then, and the button says which. Never sound alone: the list and the title say it too.

import { onFresh } from "./live.js";

const EVERY_MS = 3000;
const NOTES = [660, 880, 660];
const button = document.getElementById("sound");
let context = null;
let wanted = false;
let repeating = null;

const inDanger = () => Number(document.querySelector("[data-danger]")?.dataset.danger || 0);

function play() {
  if (!context || !wanted) return;
  NOTES.forEach((pitch, at) => {
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
}

function follow() {
  const needed = wanted && inDanger() > 0;
  if (needed && !repeating) {
    play();
    repeating = setInterval(play, EVERY_MS);
  } else if (!needed && repeating) {
    clearInterval(repeating);
    repeating = null;
  }
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
