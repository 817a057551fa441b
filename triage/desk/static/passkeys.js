// Passkeys: what the service asks, in the browser's own form, and what the browser answers, in the service's.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const described = (keys) => (keys ?? []).map((key) => ({ ...key, id: bytes(key.id) }));

/** Make a new passkey; the answer as text. */
export async function make(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: described(options.excludeCredentials),
    },
  });
  return JSON.stringify({
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    response: {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
    },
  });
}

/** Prove a passkey; the answer as text. */
export async function prove(options) {
  const proven = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: described(options.allowCredentials),
    },
  });
  return JSON.stringify({
    id: proven.id,
    rawId: text(proven.rawId),
    type: proven.type,
    response: {
      clientDataJSON: text(proven.response.clientDataJSON),
      authenticatorData: text(proven.response.authenticatorData),
      signature: text(proven.response.signature),
      userHandle: proven.response.userHandle ? text(proven.response.userHandle) : null,
    },
  });
}

/** Why it was not done, in a sentence. */
export function sentence(error) {
  if (error.sentence) return error.sentence;
  if (error.name === "InvalidStateError") return "This device has a passkey for you already.";
  if (error.name === "NotAllowedError") return "The passkey was not used: it was cancelled, or took too long. Try again.";
  return "The passkey cannot be used here. Use a code instead.";
}

/** Post a form's values; what came back, or an error with a sentence in it. */
export async function post(url, values) {
  const answer = await fetch(url, {
    method: "POST",
    body: new URLSearchParams(values),
    headers: { "HX-Request": "true" },
    signal: AbortSignal.timeout(10000),
  });
  const said = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
  if (!answer.ok) throw Object.assign(new Error(String(answer.status)), { sentence: said.sentence ?? "That did not work. Open this page again." });
  return said;
}
