// A countdown that never jumps up: what is shown only falls, unless its end itself was moved.

export class Countdown {
  #end = Number.NaN;
  #shown = Number.POSITIVE_INFINITY;

  /** Milliseconds left at `now`, never more than before for the same end; 0 when it is over. */
  left(end: number, now: number): number {
    if (end !== this.#end) {
      this.#end = end;
      this.#shown = Number.POSITIVE_INFINITY;
    }
    this.#shown = Math.max(0, Math.min(this.#shown, end - now));
    return this.#shown;
  }
}

/** Whole milliseconds until `clockText` of what is left then is another one. */
export function untilChange(leftMs: number): number {
  if (leftMs <= 0) return Infinity;
  return Math.ceil(leftMs % 1_000) || 1_000;
}

/** `02:09`, `1:02:09`, and from a day on `3d 04:05:06`: the largest part first. */
export function clockText(leftMs: number): string {
  const all = Math.ceil(leftMs / 1_000);
  const [days, hours, minutes, seconds] = [
    Math.floor(all / 86_400),
    Math.floor(all / 3_600) % 24,
    Math.floor(all / 60) % 60,
    all % 60,
  ];
  const two = (part: number): string => String(part).padStart(2, '0');
  if (days > 0) return `${days}d ${two(hours)}:${two(minutes)}:${two(seconds)}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`;
}
