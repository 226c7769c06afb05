// Who may move bytes now: so many requests in all, and so many of one client, so that no client
// holds all of them, however slow it is. Who comes when none is free may wait for one: requests
// are served in the order in which they came, past those whose client has as many as it may have.

import type { Clock, Timer } from '../../actors/clock.ts';

export interface TransferBounds {
  readonly max: number;
  /** Of one client. */
  readonly clientMax: number;
}

/** Of requests that wait for a slot. */
export interface WaitBounds extends TransferBounds {
  /** Milliseconds. */
  readonly waitMs: number;
}

interface Waiting {
  readonly client: string;
  readonly settle: (hasSlot: boolean) => void;
}

export class TransferSlots {
  readonly #bounds: TransferBounds;
  readonly #byClient = new Map<string, number>();
  #count = 0;
  /** In the order in which they came. Each has no slot, since its client or all have the most. */
  readonly #waiting = new Set<Waiting>();
  readonly #waitingOf = new Map<string, number>();

  constructor(bounds: TransferBounds) {
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#count;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** False where none is free for this client. `end` gives back what was taken. */
  begin(client: string): boolean {
    const { max, clientMax } = this.#bounds;
    const own = this.#byClient.get(client) ?? 0;
    if (this.#count >= max || own >= clientMax) return false;
    this.#count += 1;
    this.#byClient.set(client, own + 1);
    return true;
  }

  /**
   * As `begin`, and waits for a slot where none is free. Resolves to false where too many wait, in
   * all or of this client, or none became free in time.
   */
  async beginInTurn(
    client: string,
    { max, clientMax, waitMs }: WaitBounds,
    clock: Pick<Clock, 'after'>,
  ): Promise<boolean> {
    if (this.begin(client)) return true;
    const own = this.#waitingOf.get(client) ?? 0;
    if (this.#waiting.size >= max || own >= clientMax) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    let timer: Timer | null = null;
    const waiting: Waiting = {
      client,
      settle: (hasSlot) => {
        timer?.cancel();
        this.#waiting.delete(waiting);
        subtract(this.#waitingOf, client);
        resolve(hasSlot);
      },
    };
    timer = clock.after(waitMs, () => waiting.settle(false));
    this.#waiting.add(waiting);
    this.#waitingOf.set(client, own + 1);
    return await promise;
  }

  end(client: string): void {
    this.#count -= 1;
    subtract(this.#byClient, client);
    for (const waiting of this.#waiting) {
      if (!this.begin(waiting.client)) continue;
      waiting.settle(true);
      return;
    }
  }
}

function subtract(counts: Map<string, number>, client: string): void {
  const left = counts.get(client)! - 1;
  if (left === 0) counts.delete(client);
  else counts.set(client, left);
}
