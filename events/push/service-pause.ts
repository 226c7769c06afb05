// A push service asked to be left alone for a while (Retry-After). After that one message tries it:
// a success ends the pause, another refusal begins the next one.

/** A service that asks for more is tried by then. */
export const PAUSE_MAX_MS = 5 * 60_000;
/** After a try that was refused without a time. */
const PAUSE_AGAIN_MS = 5_000;
/** For others, while one tries. */
const TRY_WAIT_MS = 1_000;

export class ServicePause {
  readonly #monotonic: () => number;
  /** Null: there is no pause. */
  #until: number | null = null;
  #isTrying = false;

  /** `monotonic`: milliseconds of a monotonic clock. */
  constructor({ monotonic }: { readonly monotonic: () => number }) {
    this.#monotonic = monotonic;
  }

  /** How long a message would have to wait, in milliseconds; 0: it may begin. */
  get waitMs(): number {
    if (this.#until === null) return 0;
    if (this.#isTrying) return TRY_WAIT_MS;
    return Math.max(0, this.#until - this.#monotonic());
  }

  /** A message begins, with `waitMs` of 0. True: it is the one that tries, and `tried` follows. */
  enter(): boolean {
    if (this.#until === null) return false;
    this.#isTrying = true;
    return true;
  }

  /** The longest of all pauses that were asked for, each up to `PAUSE_MAX_MS`. */
  begin(ms: number): void {
    const until = this.#monotonic() + Math.min(ms, PAUSE_MAX_MS);
    this.#until = Math.max(this.#until ?? -Infinity, until);
  }

  /** The end of the one that tries. Null: it says nothing, so another one may try. */
  tried(isWell: boolean | null): void {
    this.#isTrying = false;
    if (isWell === true) this.#until = null;
    else if (isWell === false && this.waitMs === 0) this.begin(PAUSE_AGAIN_MS);
  }
}
