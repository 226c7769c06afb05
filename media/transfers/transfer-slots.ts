// Who may move bytes now: so many requests in all, and so many of one client, so that no client
// holds all of them, however slow it is.

export interface TransferBounds {
  readonly max: number;
  /** Of one client. */
  readonly clientMax: number;
}

export class TransferSlots {
  readonly #bounds: TransferBounds;
  readonly #byClient = new Map<string, number>();
  #count = 0;

  constructor(bounds: TransferBounds) {
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#count;
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

  end(client: string): void {
    const own = this.#byClient.get(client)! - 1;
    this.#count -= 1;
    if (own === 0) this.#byClient.delete(client);
    else this.#byClient.set(client, own);
  }
}
