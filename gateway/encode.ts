// Encodes values for replies where `JSON.stringify` of a fresh object would cost too much: the
// order path builds its JSON by hand from these parts.

/** Printable ASCII without quote and backslash: may stand between quotes unescaped. */
const PLAIN = /^[ !#-[\]-~]*$/;

export function jsonString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

let lastTime = Number.NaN;
let lastText = '';

/** RFC 3339 in UTC. Orders of one batch share their time, so the last text is cached. */
export function rfc3339(timeMs: number): string {
  if (timeMs !== lastTime) {
    lastText = new Date(timeMs).toISOString();
    lastTime = timeMs;
  }
  return lastText;
}
