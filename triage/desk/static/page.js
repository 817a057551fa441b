// What every page has: the NHS.UK components, live parts, keys, and words for what a press did.

import { initAll } from "./vendor/nhsuk-frontend.min.js";
import { noAnswer, say } from "./notices.js";
import { refresh, show, start } from "./live.js";
import { askAgain, renew } from "./again.js";
import { now } from "./clocks.js";
import "./media.js";

initAll();
start();

// The service says in these events what a press did.
document.body.addEventListener("changed", (event) => {
  say(event.detail.sentence, "changed");
  if (event.detail.contact) show(event.detail.contact);
  else refresh();
});
document.body.addEventListener("refused", (event) => {
  say(event.detail.sentence, "refused");
  refresh();
});

// Signed out, or idle for long: sign in again over the page. What was pressed was not done, and is pressed again.
document.body.addEventListener("signedout", askAgain);
document.body.addEventListener("signedin", () => {
  say("You are signed in again. What you wrote is still here; press again what you pressed last.", "changed");
  refresh();
});
document.body.addEventListener("renew", async (event) => {
  say(event.detail.sentence, "refused");
  await renew();
});

// A press that got no answer changes nothing on the page and says so.
document.body.addEventListener("htmx:error", noAnswer);

// A form that came back with faults: take the reader to what is wrong.
document.body.addEventListener("htmx:after:swap", () => {
  const faults = document.querySelector("main .nhsuk-error-summary:not([data-seen])");
  if (!faults) {
    keepPlace();
    return;
  }
  faults.dataset.seen = "yes";
  faults.tabIndex = -1;
  faults.focus();
});

// A form that was done is replaced, and the button that had the focus with it: what came of it takes the focus.
const RESULT = { "outcome-form": "outcomes", "car-form": "car", "text-form": "text-body" };

let answeredForm = "";
document.body.addEventListener("htmx:before:swap", (event) => {
  answeredForm = event.detail.ctx.sourceElement?.id;
});

function keepPlace() {
  const result = document.getElementById(RESULT[answeredForm]);
  if (!result || (document.activeElement && document.activeElement !== document.body)) return;
  if (result.tabIndex < 0) result.tabIndex = -1;
  result.focus({ preventScroll: true });
  result.scrollIntoView({ block: "nearest" });
}

// A sheet on paper says when it was printed.
window.addEventListener("beforeprint", () => {
  const place = document.getElementById("printed");
  if (place) place.textContent = new Date(now()).toLocaleString("en-GB", { timeZone: "Europe/London", dateStyle: "long", timeStyle: "short" });
});

// Keys: Alt and a letter press the button that carries it. Alt and / lists them.
const keys = document.getElementById("keys");
document.getElementById("show-keys")?.addEventListener("click", () => keys.showModal());
document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey || !keys) return;
  if (event.code === "Slash") {
    event.preventDefault();
    keys.showModal();
    return;
  }
  const letter = event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : "";
  if (!letter) return;
  const field = { t: "text-body", u: "urgency" }[letter];
  const target = field ? document.getElementById(field) : document.querySelector(`[data-key="${letter}"]:not([hidden])`);
  if (!target) return;
  event.preventDefault();
  if (field) target.focus();
  else target.click();
  if (target.matches("summary")) target.parentElement.querySelector("textarea")?.focus();
});
