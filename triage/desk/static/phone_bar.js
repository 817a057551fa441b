// Shows the browser telephone while the nurse takes calls in the browser, and answers by itself what she asked for: the call
// that follows "take next". A ring about danger now, which nobody asked for, waits for her press.

import { onFresh } from "./live.js";
import { softphone } from "./softphone.js";

const bar = document.getElementById("softphone");
const show = (id, on) => {
  document.getElementById(`softphone-${id}`).hidden = !on;
};
let phone = null;
let starting = false;

const WORDS = {
  connecting: "Connecting the browser phone.",
  waiting: "Browser phone ready.",
  ringing: "Ringing.",
  talking: "On a call.",
  lost: "The browser phone is not connected. Use your own phone until it is back.",
};

const wanted = () => document.querySelector("[data-via]")?.dataset.via === "browser" && state() !== "off";
const state = () => document.querySelector("[data-state]")?.dataset.state;
const holding = () => document.querySelector("[data-hold]")?.dataset.hold === "yes";

async function settings() {
  const answer = await fetch(document.body.dataset.softphone, { headers: { "HX-Request": "true" }, cache: "no-store" });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function draw() {
  const on = phone !== null && wanted();
  bar.hidden = !on;
  if (!on) return;
  const ringing = phone.state === "ringing";
  const forMe = ringing && holding();
  document.getElementById("softphone-words").textContent =
    ringing && !forMe ? "Ringing about somebody who said there is danger now." : WORDS[phone.state];
  document.getElementById("softphone-heard").textContent = phone.heard;
  show("answer", ringing);
  show("hangup", ringing || phone.state === "talking");
  if (forMe) phone.answer();
}

async function follow() {
  if (wanted() && !phone && !starting) {
    starting = true;
    try {
      phone = await softphone(settings, draw);
      await phone?.connect();
    } catch {
      phone = null; // tried again when the page is next brought up to date
    }
    starting = false;
  }
  draw();
}

if (bar) {
  document.getElementById("softphone-answer").addEventListener("click", () => phone?.answer());
  document.getElementById("softphone-hangup").addEventListener("click", () => phone?.hangUp());
  // A call is in this page: what the menu names opens beside it.
  document.querySelector(".nhsuk-header__navigation")?.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || phone?.state !== "talking") return;
    event.preventDefault();
    window.open(link.href, "_blank", "noopener");
  });
  window.addEventListener("beforeunload", (event) => {
    if (phone?.state === "talking") event.preventDefault();
  });
  onFresh(follow);
  follow();
}
