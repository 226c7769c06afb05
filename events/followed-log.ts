// Follows a log of changes that a store keeps and the bus announces, such as ended sessions (A1c)
// and restrictions (A9): what is new is heard over the bus at once, and read from the store at the
// start and after each gap of the bus, from the position that was read before. So whoever was cut
// off catches up. Messages and reads may bring the same change twice, in any order.

import type { Clock, Timer } from '../actors/clock.ts';
import type { LiveBus, LiveMessage } from '../actors/live-bus.ts';

export interface FollowedPage {
  /** Where the next page begins. */
  readonly position: number;
  readonly isLast: boolean;
}

export interface FollowedLogOptions {
  /** For the node's log: `the ended sessions`. */
  readonly name: string;
  readonly topic: string;
  readonly bus: LiveBus;
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
  readonly onMessage: (message: LiveMessage) => void;
  /** Reads what is behind the position; 0 is the beginning. Errors: `store-unavailable`. */
  readonly readPage: (after: number) => Promise<FollowedPage>;
  /** What the bus may have lost was read. */
  readonly onCaughtUp: () => void;
}

const RETRY_MS = 1_000;

export class FollowedLog {
  readonly #options: FollowedLogOptions;
  #position = 0;
  #isReading = false;
  #readAgain = false;
  #retry: Timer | null = null;
  #stopped = false;
  #unsubscribe: (() => void)[] = [];

  constructor(options: FollowedLogOptions) {
    this.#options = options;
  }

  /** Resolves when every change from before is known. Errors: `store-unavailable`. */
  async start(): Promise<void> {
    const { bus, topic, onMessage } = this.#options;
    this.#unsubscribe = [bus.subscribe(topic, onMessage), bus.onGap(() => this.#readSoon())];
    await bus.settled();
    await this.#read();
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  async #read(): Promise<void> {
    for (;;) {
      const { position, isLast } = await this.#options.readPage(this.#position);
      this.#position = position;
      if (isLast) return;
    }
  }

  #readSoon(): void {
    this.#readAgain = true;
    if (!this.#isReading) void this.#readWhileAsked();
  }

  /** Never rejects. */
  async #readWhileAsked(): Promise<void> {
    const { clock, log, name, onCaughtUp } = this.#options;
    this.#isReading = true;
    while (this.#readAgain && !this.#stopped) {
      this.#readAgain = false;
      try {
        await this.#read();
        onCaughtUp();
      } catch (error) {
        log.warn({ err: error }, `${name} could not be read`);
        this.#retry = clock.after(RETRY_MS, () => this.#readSoon());
      }
    }
    this.#isReading = false;
  }
}
