// The heads of journals. Whoever follows all shards, such as each consumer in a thread of its own,
// asks for all heads at once, several times a second, also while nothing happens. So the heads that
// are asked for in one turn of the event loop are few calls. One call for each of 256 shards took
// most of the CPU time of an idle Redis.

import { Cluster } from 'ioredis';
import type { Claim } from '../../ports/journal.ts';
import type { RedisConnection } from '../connection/connection.ts';
import { epochKey, logKey } from '../connection/keys.ts';
import { HEADS } from './journal-scripts.ts';

/** Shards of one call: Redis serves no other client meanwhile. */
const SHARDS_OF_A_CALL = 64;

interface Asked {
  readonly shard: number;
  readonly resolve: (head: Claim) => void;
  readonly reject: (error: unknown) => void;
}

export class JournalHeads {
  readonly #redis: RedisConnection;
  /** The keys of different shards may be on different servers of a Redis Cluster. */
  readonly #shardsOfACall: number;
  #asked: Asked[] = [];

  constructor(redis: RedisConnection) {
    this.#redis = redis;
    this.#shardsOfACall = redis instanceof Cluster ? 1 : SHARDS_OF_A_CALL;
  }

  /** Errors: `store-unavailable`. */
  read(shard: number): Promise<Claim> {
    return new Promise((resolve, reject) => {
      if (this.#asked.push({ shard, resolve, reject }) === 1) queueMicrotask(() => this.#send());
    });
  }

  /** As `read`, but sent before the commands that the caller sends next. */
  async readFirst(shard: number): Promise<Claim> {
    const [head] = await this.#call([shard]);
    return head!;
  }

  #send(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (let i = 0; i < asked.length; i += this.#shardsOfACall)
      void this.#answer(asked.slice(i, i + this.#shardsOfACall));
  }

  /** Never rejects. */
  async #answer(asked: readonly Asked[]): Promise<void> {
    try {
      const heads = await this.#call(asked.map(({ shard }) => shard));
      for (const [i, { resolve }] of asked.entries()) resolve(heads[i]!);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }

  async #call(shards: readonly number[]): Promise<Claim[]> {
    const keys = shards.flatMap((shard) => [epochKey(shard), logKey(shard)]);
    const numbers = (await HEADS.run(this.#redis, keys, [])) as number[];
    return shards.map((_, i) => ({ epoch: numbers[2 * i]!, lastSequence: numbers[2 * i + 1]! }));
  }
}
