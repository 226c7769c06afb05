// How values are written into replies where `JSON.stringify` over a fresh object would cost too
// much: the order path writes its JSON by hand, from these parts.

/** Printable ASCII without the quote and the backslash: may stand between quotes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

export function jsonString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

let lastTime = Number.NaN;
let lastText = '';

/** RFC 3339 in UTC. Orders of one batch share their time, so the last answer is kept. */
export function rfc3339(timeMs: number): string {
  if (timeMs !== lastTime) {
    lastText = new Date(timeMs).toISOString();
    lastTime = timeMs;
  }
  return lastText;
}
