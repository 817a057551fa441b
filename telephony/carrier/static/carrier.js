/** The carrier's control API, as this page uses it. */

export class Refused extends Error {}

async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body && JSON.stringify(body),
  });
  const content = await answer.json();
  if (!answer.ok) throw new Refused(content.error ?? "The carrier refused that.");
  return content;
}

export const directory = () => ask("GET", "/control/directory");
export const phone = (id) => ask("GET", `/control/phones/${encodeURIComponent(id)}`);
export const ring = (from, to, owner) => ask("POST", "/control/calls", { from, to, phone: owner });
export const act = (sid, what, body = {}) => ask("POST", `/control/calls/${sid}/${what}`, body);
export const text = (from, to, body, media) => ask("POST", "/control/texts", { from, to, body, media });
