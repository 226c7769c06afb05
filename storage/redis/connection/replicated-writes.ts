// Writes that count only once replicas have them. The scripts of one tick go to their server in one
// pipeline with one `WAIT` at the end, because a `WAIT` blocks all later commands of its
// connection. `WAIT` covers all writes of the server up to the command before it. So a repeated
// append, which writes nothing, also waits for the write of the first attempt.
//
// `WAIT` promises that this many replicas have received and applied the write. It does not promise
// that a replica has the write on its disk (Redis 7.0 has no WAITAOF), nor that a failover promotes
// one of these replicas. So a write survives the loss of its server if a replica with the write is
// promoted. A write with too few replicas is not undone: its outcome is unknown, and its writer
// claims again (J3).

import { Cluster, Command } from 'ioredis';
import { StoreUnavailableError } from '../../ports/journal.ts';
import { type RedisConnection, unavailable } from './connection.ts';
import type { Script, ScriptArgument } from './script.ts';

/** Below the deadline of a command (`connection.ts`), so that the count arrives in time. */
const REPLICAS_TIMEOUT_MS = 1_000;
/** Most writes in flight; each shard has one at a time. */
const WRITES_MAX = 4_096;

export interface ReplicatedWritesOptions {
  readonly redis: RedisConnection;
  readonly replicas: number;
  readonly replicasTimeoutMs?: number | undefined;
}

interface Write {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly ScriptArgument[];
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class ReplicatedWrites {
  readonly #redis: RedisConnection;
  readonly #replicas: number;
  readonly #timeoutMs: number;
  #waiting: Write[] = [];
  #unanswered = 0;

  constructor(options: ReplicatedWritesOptions) {
    this.#redis = options.redis;
    this.#replicas = options.replicas;
    this.#timeoutMs = options.replicasTimeoutMs ?? REPLICAS_TIMEOUT_MS;
  }

  /** The script's answer, once enough replicas have its write. Errors: `store-unavailable`. */
  run(script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    if (this.#unanswered >= WRITES_MAX) {
      return Promise.reject(new StoreUnavailableError('too many writes wait for replicas'));
    }
    this.#unanswered += 1;
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#send());
      this.#waiting.push({ script, keys, args, resolve, reject });
    });
  }

  #send(): void {
    const writes = Map.groupBy(this.#waiting, ({ keys }) => this.#serverOf(keys[0]!));
    this.#waiting = [];
    for (const group of writes.values()) void this.#sendGroup(group);
  }

  /** Never rejects: errors reject the writes of the group. */
  async #sendGroup(group: readonly Write[]): Promise<void> {
    try {
      const pipeline = this.#redis.pipeline();
      for (const { script, keys, args } of group) {
        // The whole script text: a retry after NOSCRIPT would run after the `WAIT`.
        pipeline.eval(script.lua, keys.length, ...keys, ...args);
      }
      pipeline.call('WAIT', this.#replicas, this.#timeoutMs);
      const results = (await pipeline.exec()) ?? [];
      const short = this.#shortfall(results[group.length]);
      for (const [i, write] of group.entries()) {
        const [error, answer] = results[i] ?? [new Error('Redis gave no answer')];
        if (error === null && short === null) write.resolve(answer);
        else write.reject(unavailable(error ?? short));
        if (error !== null) this.#noteMoved(error);
      }
    } catch (error) {
      for (const write of group) write.reject(unavailable(error));
    } finally {
      this.#unanswered -= group.length;
    }
  }

  #shortfall(result: [error: Error | null, count: unknown] | undefined): Error | null {
    const [error, count] = result ?? [new Error('Redis gave no answer')];
    if (error !== null) return error;
    if (Number(count) >= this.#replicas) return null;
    return new StoreUnavailableError(
      `${String(count)} of ${this.#replicas} replicas had the write within ${this.#timeoutMs} ms`,
    );
  }

  /** The client does not resend a pipeline with a `WAIT`: the next attempt needs the new node. */
  #noteMoved(error: Error): void {
    if (this.#redis instanceof Cluster && error.message.startsWith('MOVED')) {
      this.#redis.refreshSlotsCache();
    }
  }

  #serverOf(key: string): string {
    if (!(this.#redis instanceof Cluster)) return '';
    return this.#redis.slots[new Command('get', [key]).getSlot()]?.[0] ?? '';
  }
}
