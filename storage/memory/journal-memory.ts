// The journal in memory, for tests and simulations. It fences and refuses as the durable drivers
// do.

import { type Claim, ConflictError, EntriesTrimmedError, FencedError } from '../ports/journal.ts';
import type { Journal, JournalEntry } from '../ports/journal.ts';

interface ShardLog {
  epoch: number;
  /** Entries up to this sequence are removed; `entries[0]` follows it. */
  trimmed: number;
  readonly entries: JournalEntry[];
}

export class MemoryJournal implements Journal {
  readonly #shards = new Map<number, ShardLog>();

  async claim(shard: number, _owner: string): Promise<Claim> {
    const log = this.#shardLog(shard);
    log.epoch += 1;
    return { epoch: log.epoch, lastSequence: lastSequence(log) };
  }

  async append(shard: number, epoch: number, sequence: number, bytes: Uint8Array): Promise<void> {
    const log = this.#shardLog(shard);
    if (epoch !== log.epoch || epoch === 0) {
      throw new FencedError(`shard ${shard} is at epoch ${log.epoch}, not ${epoch}`);
    }
    const last = lastSequence(log);
    if (sequence === last + 1) {
      log.entries.push({ sequence, epoch, bytes: new Uint8Array(bytes) });
      return;
    }
    const present = log.entries[sequence - log.trimmed - 1];
    const same = present?.epoch === epoch && Buffer.compare(present.bytes, bytes) === 0;
    if (!same) throw new ConflictError(`shard ${shard} is at sequence ${last}, got ${sequence}`);
  }

  async read(shard: number, after: number, limit: number): Promise<JournalEntry[]> {
    const log = this.#shardLog(shard);
    if (after < log.trimmed) throw new EntriesTrimmedError(shard, after + 1, log.trimmed);
    return log.entries.slice(after - log.trimmed, after - log.trimmed + limit);
  }

  async head(shard: number): Promise<Claim> {
    const log = this.#shardLog(shard);
    return { epoch: log.epoch, lastSequence: lastSequence(log) };
  }

  async trimmed(shard: number): Promise<number> {
    return this.#shardLog(shard).trimmed;
  }

  async removed(): Promise<number> {
    return 0;
  }

  async trim(shard: number, through: number): Promise<void> {
    const log = this.#shardLog(shard);
    const count = Math.min(through, lastSequence(log)) - log.trimmed;
    if (count <= 0) return;
    log.entries.splice(0, count);
    log.trimmed += count;
  }

  #shardLog(shard: number): ShardLog {
    let log = this.#shards.get(shard);
    if (log === undefined) {
      log = { epoch: 0, trimmed: 0, entries: [] };
      this.#shards.set(shard, log);
    }
    return log;
  }
}

function lastSequence(log: ShardLog): number {
  return log.trimmed + log.entries.length;
}
