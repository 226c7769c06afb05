// The ends of all journals and of all buckets of the change stream. Readers that follow ask often
// and share a result that is a moment old: the number of readers does not change how often the
// stores are read.

import type { Clock } from '../../actors/clock.ts';
import type { ChangeHead, ChangeStream } from '../../storage/ports/change-stream.ts';
import type { Journal } from '../../storage/ports/journal.ts';

const SHARED_AGE_MAX_MS = 100;

export interface StreamHeads {
  /** The last durable sequence of each shard. */
  readonly shards: readonly number[];
  readonly buckets: readonly ChangeHead[];
}

export interface StreamHeadsOptions {
  readonly journal: Pick<Journal, 'head'>;
  readonly changes: Pick<ChangeStream, 'head' | 'bucketCount'>;
  readonly shardCount: number;
  readonly clock: Clock;
}

export class HeadsReader {
  readonly #options: StreamHeadsOptions;
  #shared: Promise<StreamHeads> | null = null;
  #sharedAt = 0;

  constructor(options: StreamHeadsOptions) {
    this.#options = options;
  }

  /** Read after the call. Errors: `store-unavailable`. */
  async read(): Promise<StreamHeads> {
    const { journal, changes, shardCount } = this.#options;
    const shards = Array.from({ length: shardCount }, async (_, shard) => {
      const { lastSequence } = await journal.head(shard);
      return lastSequence;
    });
    const { bucketCount } = changes;
    const buckets = Array.from({ length: bucketCount }, (_, bucket) => changes.head(bucket));
    return { shards: await Promise.all(shards), buckets: await Promise.all(buckets) };
  }

  /** At most `SHARED_AGE_MAX_MS` old. Errors: `store-unavailable`. */
  async shared(): Promise<StreamHeads> {
    const now = this.#options.clock.monotonic();
    if (this.#shared === null || now - this.#sharedAt > SHARED_AGE_MAX_MS) {
      this.#shared = this.read();
      this.#sharedAt = now;
    }
    return await this.#shared;
  }
}
