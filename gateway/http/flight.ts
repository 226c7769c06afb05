// Counts and bounds the requests in flight, and waits for them when the gateway stops.

import pTimeout from 'p-timeout';

/** Beside the bound, for operators: they are needed most where it is reached. */
const OPERATORS_MAX = 256;

export class Flight {
  /** Set by `drain`: from then on connections are closed after their reply. */
  draining = false;
  readonly #countMax: number;
  #count = 0;
  #onEmpty: (() => void) | null = null;

  constructor(options: { countMax: number }) {
    this.#countMax = options.countMax;
  }

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count > this.#countMax;
  }

  /** Whether a request that tells operators how the node is must be refused, too. */
  get fullForOperators(): boolean {
    return this.#count > this.#countMax + OPERATORS_MAX;
  }

  /** Whether one more may be answered here, and its connection stays open. */
  get mayBegin(): boolean {
    return !this.draining && this.#count < this.#countMax;
  }

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#onEmpty?.();
  }

  /** Waits until no request is in flight, for at most `waitMs`. True where none is left. */
  async drain(waitMs: number): Promise<boolean> {
    this.draining = true;
    if (this.#count === 0) return true;
    const empty = new Promise<boolean>((resolve) => {
      this.#onEmpty = () => resolve(true);
    });
    return await pTimeout(empty, { milliseconds: waitMs, fallback: () => false });
  }
}
