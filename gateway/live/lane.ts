// A bounded number of asynchronous loads at once, and a bounded number that wait: when fifty
// thousand clients come back in the same second, the services behind see an even stream of calls.

export interface LaneOptions {
  readonly inFlightMax: number;
  readonly waitingMax: number;
}

/** Loads answer for their own errors and never reject. */
export type Load = () => Promise<void>;

/**
 * Taken ones stay in the array until so many have gathered, so that taking the first stays cheap.
 */
const TAKEN_MAX = 1_024;

export class Lane {
  readonly #inFlightMax: number;
  readonly #waitingMax: number;
  #waiting: Load[] = [];
  #taken = 0;
  #inFlight = 0;

  constructor(options: LaneOptions) {
    this.#inFlightMax = options.inFlightMax;
    this.#waitingMax = options.waitingMax;
  }

  /** Runs the load now or in its turn. False, and never run, when too many wait. */
  run(load: Load): boolean {
    if (this.#inFlight < this.#inFlightMax) {
      void this.#start(load);
      return true;
    }
    if (this.#waiting.length - this.#taken >= this.#waitingMax) return false;
    this.#waiting.push(load);
    return true;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
    this.#taken = 0;
  }

  async #start(load: Load): Promise<void> {
    this.#inFlight++;
    try {
      await load();
    } finally {
      this.#inFlight--;
      const next = this.#take();
      if (next !== undefined) void this.#start(next);
    }
  }

  #take(): Load | undefined {
    const next = this.#waiting[this.#taken];
    if (next === undefined) return undefined;
    this.#taken++;
    if (this.#taken === this.#waiting.length || this.#taken === TAKEN_MAX) {
      this.#waiting = this.#waiting.slice(this.#taken);
      this.#taken = 0;
    }
    return next;
  }
}
