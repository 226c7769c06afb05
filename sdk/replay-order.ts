// Which notifications of a new connection count. The server sends live ones (since the connection
// is open) until it has read `resume`, then the replay, then `resumed`. Nothing marks where the
// replay begins, and `resume` may be late. But a live one is in the feed before it is sent, so the
// replay has all of those before it, and it rises. So it begins at the last occurrence of the
// lowest id, or is still to come. `ping` follows `resume`: behind `pong` there is only the replay,
// and its next notification tells which of the two it is.

import type { NotificationFrame } from './api.ts';

/** Beyond, the connection is given up, so that a new one begins anew; nothing was handed on. */
const HELD_MAX = 4_000;

/** One connection's. */
export class ReplayOrder {
  readonly #deliver: (frame: NotificationFrame) => void;
  readonly #overflow: () => void;
  /** Begins with the lowest id. Null: whatever comes is in order. */
  #held: NotificationFrame[] | null = [];
  #isResumeRead = false;

  /** `deliver` gets the replay, and what follows it, in order. `overflow`: too much is held. */
  constructor(deliver: (frame: NotificationFrame) => void, overflow: () => void) {
    this.#deliver = deliver;
    this.#overflow = overflow;
  }

  received(frame: NotificationFrame): void {
    if (this.#held === null) return this.#deliver(frame);
    const lowest = this.#held[0];
    // Those before are live ones that the replay, or another live one, has overtaken.
    if (lowest === undefined || compareIds(frame.id, lowest.id) <= 0) this.#held = [];
    this.#held.push(frame);
    if (this.#isResumeRead) this.#release();
    else if (this.#held.length > HELD_MAX) this.#overflow();
  }

  /** The first `pong`: the server has read `resume`. */
  resumeRead(): void {
    this.#isResumeRead = true;
  }

  /** The replay is over: all of it is held, where it came before `pong`. */
  resumed(): void {
    this.#release();
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const frame of held) this.#deliver(frame);
  }
}

/** Ids are decimal digits without leading zeros. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
