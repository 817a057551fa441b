// Signing in again over the page: nothing on it is lost, and no call is touched. While the dialog is open the page stays as
// it was; afterwards its forms carry a new token, and what waited to be saved is saved.

import { post, prove, sentence } from "./passkeys.js";

const dialog = document.getElementById("sign-in-again");
const form = document.getElementById("again-form");
const problem = document.getElementById("again-problem");
const HERE_EVERY_MS = 60_000;
let before = null;
let looking = false;

/** Ask who is there. Harmless when it is asked already. */
export function askAgain() {
  if (!dialog || dialog.open) return;
  before = document.activeElement;
  problem.textContent = "";
  dialog.showModal();
}

/** Take a form token that works now; says who is signed in. */
export async function renew() {
  const answer = await fetch("/sign-in/again", { cache: "no-store", signal: AbortSignal.timeout(4000) });
  if (!answer.ok) throw new Error(String(answer.status));
  const said = await answer.json();
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = said.csrf_token;
  return said;
}

async function submit(withPasskey) {
  problem.textContent = "";
  const { csrf_token: token } = await renew();
  const values = { ...Object.fromEntries(new FormData(form)), csrf_token: token };
  if (withPasskey) values.passkey = await prove(await post("/sign-in/again/passkey", { csrf_token: token }));
  await post("/sign-in/again", values);
  await goOn();
}

async function goOn() {
  const { me } = await renew();
  if (me !== dialog.dataset.me) {
    problem.textContent = "Somebody else is signed in in this browser now. Copy what you need, then open the page again.";
    return;
  }
  form?.reset();
  dialog.close();
  before?.focus?.();
  document.body.dispatchEvent(new CustomEvent("signedin"));
}

function attempt(withPasskey) {
  return async (event) => {
    event.preventDefault();
    try {
      await submit(withPasskey);
    } catch (error) {
      problem.textContent = error.name === "TimeoutError" || error instanceof TypeError ? "The service does not answer. Try again." : sentence(error);
    }
  };
}

form?.addEventListener("submit", attempt(false));
document.getElementById("again-passkey")?.addEventListener("click", attempt(true));
dialog?.addEventListener("cancel", (event) => event.preventDefault());

// Signed in in another tab meanwhile: this page notices when it is looked at.
async function look() {
  if (!dialog?.open || looking) return;
  looking = true;
  try {
    const { me } = await renew();
    if (me === dialog.dataset.me) await goOn();
  } catch {
    // asked again when the page is looked at again
  } finally {
    looking = false;
  }
}
window.addEventListener("focus", look);
document.addEventListener("visibilitychange", look);

// Typing and pressing keep the session awake, also where nothing is saved yet.
let told = Date.now();
function here() {
  if (!dialog || dialog.open || Date.now() - told < HERE_EVERY_MS) return;
  told = Date.now();
  const token = document.querySelector('input[name="csrf_token"]')?.value ?? "";
  fetch("/here", { method: "POST", body: new URLSearchParams({ csrf_token: token }), headers: { "HX-Request": "true" } })
    .then((answer) => {
      if (answer.status === 401) askAgain();
    })
    .catch(() => {});
}
for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, here, { passive: true });
