/** Reading aloud what is heard, by the browser's own voice. Nothing leaves this machine for it but what the browser sends. */

const speech = window.speechSynthesis;
let on = sessionStorage.getItem("voice") !== "off";

export const isOn = () => on && Boolean(speech);

export function toggle() {
  on = !on;
  sessionStorage.setItem("voice", on ? "on" : "off");
  if (!on) hush();
}

export function hush() {
  speech?.cancel();
}

/** Say one thing after whatever is being said. People in the call get another pitch than the line. */
export function read(words, who) {
  if (!isOn() || !words) return;
  const said = new SpeechSynthesisUtterance(words);
  said.lang = "en-GB";
  said.pitch = who === "other" ? 1.25 : 1;
  speech.speak(said);
}
