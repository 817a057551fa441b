// Going from one text conversation to another without leaving the page: a call in the browser goes on, and what is half
// written is saved first.

import { flush } from "./draft.js";
import { show } from "./live.js";

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("[data-show]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  await flush();
  await show(link.dataset.show);
  document.getElementById("person")?.scrollIntoView({ block: "nearest" });
});
