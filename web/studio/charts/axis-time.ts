// Times along an axis, as exact as their distance asks for, in the language of the page and the
// zone of the device.

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** `times`: in milliseconds since the Unix epoch, ascending. */
export function axisTimeText(times: readonly number[]): string[] {
  const stepMs = times.length > 1 ? times[1]! - times[0]! : 0;
  const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const format = new Intl.DateTimeFormat(document.documentElement.lang, formOf(stepMs, spanMs));
  return times.map((time) => format.format(time));
}

function formOf(stepMs: number, spanMs: number): Intl.DateTimeFormatOptions {
  if (stepMs >= DAY_MS) return { day: 'numeric', month: 'short' };
  if (spanMs >= DAY_MS) return { day: 'numeric', month: 'short', hour: 'numeric' };
  if (stepMs >= MINUTE_MS) return { timeStyle: 'short' };
  return { timeStyle: 'medium' };
}
