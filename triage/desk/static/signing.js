// The pages of signing in and of the account: forms that make or prove a passkey.

import { make, post, prove, sentence } from "./passkeys.js";

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const problem = form.querySelector(".problem");
  const button = form.querySelector("button");
  button.disabled = false; // until this ran, pressing it would do nothing useful
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    button.disabled = true;
    try {
      const values = Object.fromEntries(new FormData(form));
      const options = await post(form.dataset.options, values);
      delete values.password;
      values.passkey = await (form.dataset.passkey === "new" ? make(options) : prove(options));
      done(await post(form.dataset.answer, values));
    } catch (error) {
      problem.textContent = sentence(error);
    } finally {
      button.disabled = false;
    }
  });
}

// Recovery codes are shown before anything else; otherwise the next page opens.
function done(said) {
  if (!said.codes) {
    location.assign(said.to);
    return;
  }
  const main = document.querySelector("main .plain");
  const heading = document.createElement("h1");
  heading.className = "nhsuk-heading-l";
  heading.textContent = "Print or write down these recovery codes";
  heading.tabIndex = -1;
  const why = document.createElement("p");
  why.textContent = "Each works once in place of your second factor, when you do not have it with you. They are shown only now.";
  const list = document.createElement("ul");
  list.className = "codes";
  list.id = "codes";
  for (const code of said.codes) {
    const item = document.createElement("li");
    const shown = document.createElement("code");
    shown.textContent = code;
    item.append(shown);
    list.append(item);
  }
  const on = document.createElement("a");
  on.className = "nhsuk-button";
  on.href = said.to;
  on.textContent = "I have them: go to my page";
  main.replaceChildren(heading, why, list, on);
  heading.focus();
}
