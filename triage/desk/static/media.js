// A picture or voice note, asked for by the press beside it: fetched now, shown over the page, let go when it is closed.

import { noAnswer } from "./notices.js";

const TAG = { image: "img", audio: "audio", video: "video" };

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.media) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: new FormData(form), headers: { "HX-Request": "true" }, cache: "no-store",
    });
    if (answer.ok) show(await answer.blob(), form.dataset.media);
    else told(answer);
  } catch {
    noAnswer();
  } finally {
    button.disabled = false;
  }
});

/** Why it is not shown, in the words the service gave. */
function told(answer) {
  const events = JSON.parse(answer.headers.get("HX-Trigger") ?? "{}");
  for (const [name, detail] of Object.entries(events)) {
    document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
  if (!Object.keys(events).length) noAnswer();
}

function show(blob, title) {
  const place = URL.createObjectURL(blob);
  const over = document.createElement("dialog");
  over.className = "media";
  over.setAttribute("aria-labelledby", "media-title");
  const heading = document.createElement("h2");
  heading.id = "media-title";
  heading.className = "nhsuk-heading-s";
  heading.textContent = title;
  const piece = document.createElement(TAG[blob.type.split("/")[0]] ?? "img");
  if (piece.tagName === "IMG") piece.alt = "The picture they sent; nobody has described it";
  else piece.controls = true;
  piece.addEventListener("error", () => {
    const words = document.createElement("p");
    words.textContent = "This browser cannot show or play it.";
    piece.replaceWith(words);
  });
  piece.src = place;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "nhsuk-button nhsuk-button--small";
  close.textContent = "Close";
  close.addEventListener("click", () => over.close());
  over.addEventListener("close", () => {
    over.remove();
    URL.revokeObjectURL(place);
  });
  over.append(heading, piece, close);
  document.body.append(over);
  over.showModal();
}
