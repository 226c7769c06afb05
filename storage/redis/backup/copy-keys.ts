// Copies the keys of one Redis server, which nobody changes meanwhile, to another Redis, which is
// empty. Small values travel as Redis serialises them. Journals, and hashes with pieces of
// snapshots and sealed drops, travel in portions, so memory has a few MiB at a time here and no
// command carries more.

import type { ChainableCommander, Redis } from 'ioredis';
import { answerOf, type RedisConnection } from '../connection/connection.ts';

const SCANNED_KEYS = 256;
const GROUP_KEYS = 64;
const GROUP_BYTES_MAX = 4 << 20;
const ENTRIES_PER_PORTION = 64;
const FIELDS_PER_PORTION = 16;
/** An earlier owner of a shard that still runs can never have an epoch beyond this many claims. */
const EPOCHS_SKIPPED = 1_000_000;

const LOG = /^\{s\d+\}:log$/;
const PIECES = /^\{s\d+\}:(?:parts|sealed:.*)$/;
const EPOCH = /^\{s\d+\}:epoch$/;
/**
 * Who ran when the copy was made, and what it held. And the ledger: what comes after the copy is
 * another history than what was signed (L1).
 */
const LEFT_OUT = /^\{placement\}:(?:sessions|shards)$|:lease$|^\{ledger\}:/;

export interface CopyKeysOptions {
  readonly from: Redis;
  readonly to: RedisConnection;
  /** Which keys. */
  readonly includes: (key: string) => boolean;
}

/** Errors: `store-unavailable`; then a part is copied. */
export async function copyKeys({ from, to, includes }: CopyKeysOptions): Promise<void> {
  let cursor = '0';
  do {
    const [next, found] = await answerOf(from.scan(cursor, 'COUNT', SCANNED_KEYS));
    const keys = found.filter((key) => !LEFT_OUT.test(key) && includes(key));
    await copyPortion(from, to, keys);
    cursor = next;
  } while (cursor !== '0');
}

async function copyPortion(from: Redis, to: RedisConnection, keys: string[]): Promise<void> {
  const small: string[] = [];
  for (const key of keys) {
    if (LOG.test(key)) await copyLog(from, to, key);
    else if (PIECES.test(key)) await copyHash(from, to, key);
    else small.push(key);
  }
  for (let i = 0; i < small.length; i += GROUP_KEYS)
    await copySmall(from, to, small.slice(i, i + GROUP_KEYS));
}

async function copySmall(from: Redis, to: RedisConnection, keys: readonly string[]): Promise<void> {
  let group: string[] = [];
  let groupBytes = 0;
  for (const key of keys) {
    const bytes = (await answerOf(from.memory('USAGE', key))) ?? 0;
    if (groupBytes + bytes > GROUP_BYTES_MAX) {
      await copyGroup(from, to, group);
      group = [];
      groupBytes = 0;
    }
    group.push(key);
    groupBytes += bytes;
  }
  await copyGroup(from, to, group);
}

async function copyGroup(from: Redis, to: RedisConnection, keys: readonly string[]): Promise<void> {
  await Promise.all(
    keys.map(async (key) => {
      const [value, lifetimeMs] = await answerOf(
        Promise.all([from.dumpBuffer(key), from.pttl(key)]),
      );
      // Without a value its lifetime has ended meanwhile.
      if (value === null) return;
      await answerOf(to.restore(key, Math.max(0, lifetimeMs), value));
      if (EPOCH.test(key)) await answerOf(to.incrby(key, EPOCHS_SKIPPED));
    }),
  );
}

type Entry = readonly [id: Buffer, fields: readonly Buffer[]];

async function copyLog(from: Redis, to: RedisConnection, key: string): Promise<void> {
  let after = '-';
  for (;;) {
    const range = [key, after, '+', 'COUNT', ENTRIES_PER_PORTION];
    const entries = (await answerOf(from.callBuffer('XRANGE', range))) as Entry[];
    const last = entries.at(-1)?.[0].toString('latin1');
    if (last === undefined) return;
    const adding = to.pipeline();
    for (const [id, fields] of entries) adding.call('XADD', key, id, ...fields);
    await done(adding);
    after = `(${last}`;
  }
}

async function copyHash(from: Redis, to: RedisConnection, key: string): Promise<void> {
  let cursor = '0';
  do {
    const scan = [key, cursor, 'COUNT', FIELDS_PER_PORTION];
    const answer = await answerOf(from.callBuffer('HSCAN', scan));
    const [next, fields] = answer as [Buffer, Buffer[]];
    if (fields.length > 0) await answerOf(to.call('HSET', key, ...fields));
    cursor = next.toString('latin1');
  } while (cursor !== '0');
}

/** A pipeline resolves although commands failed. */
async function done(pipeline: ChainableCommander): Promise<void> {
  const run = async () => {
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
  };
  await answerOf(run());
}
