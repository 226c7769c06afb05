// Orders read straight from the journals, for proofs from outside: of no server, and of none of the
// read models.

import { readEntries, replay } from '../actors/shard/recovery.ts';
import { systemClock } from '../actors/clock.ts';
import type { OrderView } from '../contracts/orders.ts';
import type { DropState } from '../domain/drop-state.ts';
import { SHARD_COUNT } from '../domain/ids.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../storage/ports/feature-level.ts';
import type { JournalReader } from '../storage/ports/journal.ts';
import { openRedisStores } from '../storage/redis/stores.ts';
import { openSqliteStores } from '../storage/sqlite/stores.ts';
import { openArchive, withArchive } from './archive.ts';
import type { Config } from './config.ts';
import { createLog } from './log.ts';

export interface JournalOrder extends OrderView {
  readonly key: string;
}

/**
 * Every order in the journals of a store on which no server works, and in their archive, replayed
 * from the first entry. Errors: `store-unavailable`, `weak-store`, `directory-in-use`, `corrupt`.
 */
export async function* readJournalOrders(
  config: Config,
): AsyncGenerator<JournalOrder, void, undefined> {
  const opened = await openJournals(config);
  const { journal } = withArchive(opened.stores, openArchive(config));
  try {
    for (let shard = 0; shard < opened.shardCount; shard++) yield* ordersOf(journal, shard);
  } finally {
    await opened.stores.close();
  }
}

async function openJournals(config: Config) {
  const { store: address, dataDirectory: directory } = config;
  if (address.kind === 'sqlite') {
    const stores = await openSqliteStores({ directory });
    return { stores, shardCount: stores.shardCount };
  }
  const stores = await openRedisStores({
    address,
    name: 'journal-orders',
    replicas: 0,
    acceptWeak: false,
    levels: new ReachedLevel(FEATURE_LEVEL),
    now: () => systemClock.now(),
    log: createLog(config),
  });
  return { stores, shardCount: SHARD_COUNT };
}

async function* ordersOf(journal: JournalReader, shard: number): AsyncGenerator<JournalOrder> {
  const { lastSequence } = await journal.head(shard);
  const drops = new Map<string, DropState>();
  for await (const entry of readEntries(journal, shard, 0, lastSequence))
    for (const changes of entry.changes) replay(drops, changes, entry.time);
  for (const state of drops.values())
    for (let ordinal = 0; ordinal < state.orders.size; ordinal++)
      yield { ...state.orderView(ordinal), key: state.orders.keys.textOf(ordinal) };
}
