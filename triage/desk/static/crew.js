// A crew's phone on a bad line: what is pressed is kept on the phone, and sent in order as soon as there is a signal.

const kept = document.getElementById("crew-kept");
const said = document.getElementById("crew-said");
const KEY = `crew ${location.pathname}`;
const EVERY_MS = 4000;
const PATIENCE_MS = 8000;
let sending = false;

const read = () => JSON.parse(localStorage.getItem(KEY) || "[]");
const write = (queue) => (queue.length ? localStorage.setItem(KEY, JSON.stringify(queue)) : localStorage.removeItem(KEY));

function show() {
  const waiting = read().length;
  kept.hidden = !waiting;
  kept.textContent = waiting ? `No signal. ${waiting} kept on this phone, sent in order when there is one. In danger, ring 999.` : "";
}

async function send() {
  if (sending) return;
  sending = true;
  let last = null;
  try {
    for (let queue = read(); queue.length; queue = read()) {
      const { url, body } = queue[0];
      const answer = await fetch(url, {
        method: "POST", body: new URLSearchParams(body), headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (answer.status >= 500 || answer.status === 429) break;
      write(read().slice(1));
      const told = await answer.json().catch(() => ({}));
      last = told.said || "That was not taken. Look at the job again, or ring the control room.";
    }
  } catch {
    // no signal: it stays kept
  } finally {
    sending = false;
    show();
  }
  if (last !== null && !read().length) await renew(last);
}

async function renew(sentence) {
  try {
    const page = await (await fetch(location.href, { signal: AbortSignal.timeout(PATIENCE_MS) })).text();
    const fresh = new DOMParser().parseFromString(page, "text/html").querySelector(".crew-page");
    for (const form of document.querySelectorAll(".crew-page > :not(h1, #crew-said, #crew-kept)")) form.remove();
    for (const part of fresh.querySelectorAll(":scope > :not(h1, #crew-said, #crew-kept)")) document.querySelector(".crew-page").append(document.importNode(part, true));
  } catch {
    // the sentence is what matters
  }
  said.textContent = sentence;
  said.scrollIntoView({ block: "nearest" });
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-crew]")) return;
  event.preventDefault();
  const body = Object.fromEntries(new FormData(event.target));
  body.said_at = new Date().toISOString();
  write([...read(), { url: event.target.getAttribute("action"), body }]);
  said.textContent = "Sending.";
  send();
});

window.addEventListener("online", send);
setInterval(() => (read().length ? send() : undefined), EVERY_MS);
show();
send();
