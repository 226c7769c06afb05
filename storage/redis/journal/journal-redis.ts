// The journal on Redis: for each shard a stream whose ids are the sequences, and its epoch. An
// append is one script. A refusal of Redis (no memory, a failed write to its file, a replica, a
// cluster that is down) and a missing answer are `store-unavailable`.
//
// The journal requires `appendfsync always`. Redis then answers only after the fsync of all
// commands of the same turn, so that appends of many shards share one fsync. `server-checks.ts`
// checks the setting.

import {
  type Claim,
  ConflictError,
  CorruptError,
  EntriesTrimmedError,
  FencedError,
  type Journal,
  type JournalEntry,
} from '../../ports/journal.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { JournalHeads } from './journal-heads.ts';
import { APPEND, CLAIM, TRIM } from './journal-scripts.ts';
import { epochKey, logKey, ownerKey, trimmedKey } from '../connection/keys.ts';
import { ReplicatedWrites } from '../connection/replicated-writes.ts';
import type { Script, ScriptArgument } from '../connection/script.ts';

/** Entries of the first piece of a read. The size of these entries bounds the next piece. */
const PIECE_ENTRIES_FIRST = 16;
/** The intended size of one answer: Redis serves no other client meanwhile. */
const PIECE_BYTES = 1 << 20;
/** Past this a read ends early, with fewer entries than its limit. */
const READ_BYTES_MAX = 16 << 20;
/** Entries removed in one step: well under a millisecond of Redis. */
const TRIM_ENTRIES = 1_000;

export interface RedisJournalOptions {
  readonly redis: RedisConnection;
  /**
   * A connection for reads, so that appends never wait behind a large answer. Default: the same.
   */
  readonly reads?: RedisConnection;
  /** Replicas that must have a write before it counts. Default 0: the server alone. */
  readonly replicas?: number;
  /** How long the replicas may take. */
  readonly replicasTimeoutMs?: number;
}

type Refusal = readonly [code: 'fenced' | 'conflict', place: number | string];
type StreamEntry = readonly [id: Buffer, fields: readonly Buffer[]];

export class RedisJournal implements Journal {
  readonly #redis: RedisConnection;
  readonly #reads: RedisConnection;
  readonly #heads: JournalHeads;
  readonly #replicated: ReplicatedWrites | null;

  constructor(options: RedisJournalOptions) {
    const { redis, replicas = 0, replicasTimeoutMs } = options;
    this.#redis = redis;
    this.#reads = options.reads ?? redis;
    this.#heads = new JournalHeads(this.#reads);
    this.#replicated =
      replicas === 0 ? null : new ReplicatedWrites({ redis, replicas, replicasTimeoutMs });
  }

  async claim(shard: number, owner: string): Promise<Claim> {
    const keys = [epochKey(shard), ownerKey(shard), logKey(shard)];
    return claimOf(await this.#write(CLAIM, keys, [owner]));
  }

  /**
   * On the path of every order: one command with flat arguments and a minimal answer.
   */
  async append(shard: number, epoch: number, sequence: number, bytes: Uint8Array): Promise<void> {
    const keys = [epochKey(shard), trimmedKey(shard), logKey(shard)];
    const answer = await this.#write(APPEND, keys, [epoch, sequence, asBuffer(bytes)]);
    if (answer !== 0) throw refusalOf(answer as Refusal, shard, epoch, sequence);
  }

  async read(shard: number, after: number, limit: number): Promise<JournalEntry[]> {
    let count = Math.min(limit, PIECE_ENTRIES_FIRST);
    // The head is read first: all entries up to it must exist.
    const begin = [this.#heads.readFirst(shard), this.#piece(shard, after, count)] as const;
    const [head, first] = await Promise.all(begin);
    let piece = first;
    const entries: JournalEntry[] = [];
    let readBytes = 0;
    for (;;) {
      for (const found of piece) {
        const sequence = after + entries.length + 1;
        if (sequenceOf(found) !== sequence) throw await this.#absent(shard, sequence);
        const entry = entryOf(found, shard, sequence);
        readBytes += entry.bytes.length;
        entries.push(entry);
      }
      const next = after + entries.length + 1;
      if (entries.length >= limit || readBytes >= READ_BYTES_MAX) return entries;
      if (piece.length < count) {
        if (head.lastSequence >= next) throw await this.#absent(shard, next);
        return entries;
      }
      const averageBytes = Math.max(1, readBytes / entries.length);
      const fitting = Math.max(1, Math.floor(PIECE_BYTES / averageBytes));
      count = Math.min(limit - entries.length, fitting);
      piece = await this.#piece(shard, next - 1, count);
    }
  }

  head(shard: number): Promise<Claim> {
    return this.#heads.read(shard);
  }

  async trimmed(shard: number): Promise<number> {
    return Number((await answerOf(this.#reads.get(trimmedKey(shard)))) ?? 0);
  }

  async removed(): Promise<number> {
    return 0;
  }

  async trim(shard: number, through: number): Promise<void> {
    const keys = [trimmedKey(shard), logKey(shard)];
    for (;;) {
      const removed = await TRIM.run(this.#redis, keys, [through, TRIM_ENTRIES]);
      if (removed !== TRIM_ENTRIES) return;
    }
  }

  /** Why the entry is not in the stream. */
  async #absent(shard: number, sequence: number): Promise<CorruptError> {
    const trimmed = await this.trimmed(shard);
    return sequence <= trimmed
      ? new EntriesTrimmedError(shard, sequence, trimmed)
      : new CorruptError(`shard ${shard} has no entry ${sequence} although later ones exist`);
  }

  async #piece(shard: number, after: number, count: number): Promise<StreamEntry[]> {
    const range = [logKey(shard), `${after + 1}-0`, '+', 'COUNT', count];
    return answerOf(this.#reads.callBuffer('XRANGE', range) as Promise<StreamEntry[]>);
  }

  #write(
    script: Script,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    return this.#replicated === null
      ? script.run(this.#redis, keys, args)
      : this.#replicated.run(script, keys, args);
  }
}

function claimOf(answer: unknown): Claim {
  const [epoch, lastSequence] = answer as [number, number];
  return { epoch, lastSequence };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function refusalOf(answer: Refusal, shard: number, epoch: number, sequence: number): Error {
  const [code, place] = answer;
  return code === 'fenced'
    ? new FencedError(`shard ${shard} is at epoch ${place}, not ${epoch}`)
    : new ConflictError(`shard ${shard} is at sequence ${place}, got ${sequence}`);
}

function sequenceOf([id]: StreamEntry): number {
  return Number(/^(\d+)-0$/.exec(id.toString('latin1'))?.[1]);
}

function entryOf(found: StreamEntry, shard: number, sequence: number): JournalEntry {
  const [, [, epoch, , bytes]] = found;
  if (epoch === undefined || bytes === undefined) {
    throw new CorruptError(`entry ${sequence} of shard ${shard} lacks its fields`);
  }
  return { sequence, epoch: Number(epoch.toString('latin1')), bytes };
}
