// Writes that count only when replicas have them too: the scripts of one tick go to their server
// in one pipeline with one `WAIT` behind them, since a `WAIT` holds up all that follows on its
// connection, and counts all that the server had written when it took up the command before it on
// the same one; so a repeat, which writes nothing, waits for the first try's write as well.
//
// What `WAIT` promises: so many replicas have received and applied the write. What it does not:
// that a replica has it on its disk (Redis 7.0 has no WAITAOF), nor that a failover picks one of
// those replicas. So a write survives the loss of its server where a replica that has it is
// promoted. A write that too few replicas have stays where it is: its outcome is unknown, and its
// writer claims again (J3).

import { Cluster, Command } from 'ioredis';
import { StoreUnavailableError } from '../../ports/journal.ts';
import { type RedisConnection, unavailable } from './connection.ts';
import type { Script, ScriptArgument } from './script.ts';

/** Below the deadline of a command (`connection.ts`), so that the count is known before that. */
const REPLICAS_TIMEOUT_MS = 1_000;
/** Writes without an answer; each shard has one at a time. */
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

  /** The script's answer, once enough replicas have what it wrote. Errors: `store-unavailable`. */
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

  /** Never fails: what goes wrong goes to those who wait. */
  async #sendGroup(group: readonly Write[]): Promise<void> {
    try {
      const pipeline = this.#redis.pipeline();
      for (const { script, keys, args } of group) {
        // The whole text, because what is sent once more by itself would come after the `WAIT`.
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

  /** The client does not send a pipeline with a `WAIT` again: the next try needs the new place. */
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
