// Sentences to the person: what was done, what was refused, what got no answer. A refusal stays until the next press.

const GONE_AFTER_MS = 8000;
const BACK_AFTER_MS = 2000;
const place = document.getElementById("notices");
let unknown = null;

/** Show one sentence; `kind` is "changed" or "refused". */
export function say(sentence, kind) {
  const line = document.createElement("p");
  line.className = `notice notice-${kind}`;
  line.textContent = sentence;
  place.replaceChildren(line);
  unknown = null;
  if (kind === "changed") setTimeout(() => line.remove(), GONE_AFTER_MS);
  return line;
}

/** A press got no answer: nobody knows yet whether it went through. */
export function noAnswer() {
  const sentence = "The service does not answer, so it is not known whether that went through. What you wrote is still here.";
  unknown = { line: say(sentence, "refused"), at: Date.now() };
}

/** The service answers: whoever pressed into the silence is told to look first. */
export function answered() {
  if (!unknown || Date.now() - unknown.at < BACK_AFTER_MS) return;
  unknown.line.textContent = "The service answers again. Look whether your last press went through before you press again.";
  unknown = null;
}
