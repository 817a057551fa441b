// Times that count on the page: how long somebody waits, and how a deadline stands. The server's clock, not this machine's.

let ahead = 0; // milliseconds this machine's clock is ahead of the service's

/** Learn the service's time from an answer of it. */
export function setTime(milliseconds) {
  if (milliseconds) ahead = Date.now() - milliseconds;
}

/** The service's time now, in milliseconds. */
export const now = () => Date.now() - ahead;

/** `4:05`, from an hour on `1 h 05`, from a day on `1 d 2 h`: as the server writes it. */
export function elapsed(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")}`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const DUE = {
  ontime: { word: "on time", shape: "○" },
  soon: { word: "due soon", shape: "◐" },
  over: { word: "overdue", shape: "■" },
};

function dueKind(by, since, soon) {
  if (now() >= by) return "over";
  return now() >= since + (by - since) * soon ? "soon" : "ontime";
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Bring every time on the page up to now. */
export function tickClocks() {
  for (const element of document.querySelectorAll("time[data-since]")) {
    write(element, elapsed(now() - Date.parse(element.dateTime)));
  }
  for (const element of document.querySelectorAll("[data-due]")) {
    const by = Date.parse(element.dataset.due);
    const kind = dueKind(by, Date.parse(element.dataset.from), Number(element.dataset.soon));
    const left = elapsed(Math.abs(by - now()));
    element.className = `due due-${kind}`;
    write(element.querySelector(".due-shape"), DUE[kind].shape);
    write(element.querySelector(".due-word"), DUE[kind].word);
    write(element.querySelector(".timer"), kind === "over" ? `by ${left}` : `${left} left`);
  }
}
