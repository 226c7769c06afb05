// The output gate of a shard (O2): while an entry is on its way into the journal, nothing that depends on it leaves. It has the batch
// in flight, and whoever waits for the moment at which memory holds nothing that is not durable.

import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import type { ShardBatch } from './shard-batch.ts';
import type { ShardReply } from './shard-reply.ts';

export class OutputGate {
  #inFlight: ShardBatch | null = null;
  /** Called, once each, when the batch in flight has come to its end. */
  #waiting: ((durable: boolean) => void)[] = [];

  get isOpen(): boolean {
    return this.#inFlight === null;
  }

  /** Until the batch is durable, or came to nothing. */
  close(batch: ShardBatch): void {
    this.#inFlight = batch;
  }

  /** The batch in flight is durable: its answers leave. Those who wait have their turn before anything else is decided. */
  release(): void {
    const batch = this.#inFlight!;
    this.#inFlight = null;
    batch.release();
    this.#tell(true);
  }

  /** Whether the batch in flight is durable will not be known here: it is answered `reply`. Memory is forgotten already. */
  refuse(reply: ShardReply): void {
    this.#inFlight?.refuse(reply);
    this.#inFlight = null;
    this.#tell(false);
  }

  /**
   * Resolves when nothing is in flight, to whether what was became durable. For whoever has ended admission: otherwise the next batch
   * may have been decided by the time the caller goes on.
   */
  settled(): Promise<boolean> {
    if (this.isOpen) return Promise.resolve(true);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Reads memory at the next durable moment. Errors: what `read` throws; `store-unavailable` where what is in flight is lost. */
  async whenOpen<T>(read: () => T): Promise<T> {
    if (this.isOpen) return read();
    return await new Promise<T>((resolve, reject) => {
      this.#waiting.push((durable) => {
        if (!durable) return reject(new StoreUnavailableError('the entry in flight was lost'));
        try {
          resolve(read());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #tell(durable: boolean): void {
    const calls = this.#waiting;
    this.#waiting = [];
    for (const call of calls) call(durable);
  }
}
