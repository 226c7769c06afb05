// Runs a bounded number of asynchronous loads at once and queues a bounded number. When fifty
// thousand clients reconnect in the same second, the services behind get a steady stream of calls.

export interface LoadQueueOptions {
  readonly inFlightMax: number;
  readonly waitingMax: number;
}

/** A load handles its own errors and never rejects. */
export type Load = () => Promise<void>;

/**
 * Started loads stay at the head of the array until this many have gathered, so that taking the
 * next one stays cheap.
 */
const STARTED_MAX = 1_024;

export class LoadQueue {
  readonly #inFlightMax: number;
  readonly #waitingMax: number;
  #waiting: Load[] = [];
  #started = 0;
  #inFlight = 0;

  constructor(options: LoadQueueOptions) {
    this.#inFlightMax = options.inFlightMax;
    this.#waitingMax = options.waitingMax;
  }

  /**
   * Runs the load now or in its turn. Returns false, and never runs the load, when the queue is
   * full.
   */
  run(load: Load): boolean {
    if (this.#inFlight < this.#inFlightMax) {
      void this.#start(load);
      return true;
    }
    if (this.#waiting.length - this.#started >= this.#waitingMax) return false;
    this.#waiting.push(load);
    return true;
  }

  /** Removes all queued loads. */
  clear(): void {
    this.#waiting = [];
    this.#started = 0;
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
    const next = this.#waiting[this.#started];
    if (next === undefined) return undefined;
    this.#started++;
    if (this.#started === this.#waiting.length || this.#started === STARTED_MAX) {
      this.#waiting = this.#waiting.slice(this.#started);
      this.#started = 0;
    }
    return next;
  }
}
