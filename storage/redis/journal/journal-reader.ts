// Journals, snapshots and leases for a thread that runs consumers, on a connection of its own.

import type { Logger } from 'pino';
import type { ConsumerLeases } from '../../ports/consumer-leases.ts';
import type { JournalReader } from '../../ports/journal.ts';
import { ReachedLevel } from '../../ports/feature-level.ts';
import type { SnapshotHeads, SnapshotReader } from '../../ports/snapshots.ts';
import { RedisConsumerLeases } from '../catalogue/consumer-leases-redis.ts';
import { connectRedis, type RedisAddress } from '../connection/connection.ts';
import { RedisJournal } from './journal-redis.ts';
import { RedisSnapshotStore } from './snapshots-redis.ts';

export interface RedisJournalReader {
  readonly journal: JournalReader;
  readonly snapshots: SnapshotReader & SnapshotHeads;
  readonly leases: ConsumerLeases;
  close(): Promise<void>;
}

/** Errors: `store-unavailable`. */
export async function openRedisJournalReader(options: {
  readonly address: RedisAddress;
  /** The name of the connection in `CLIENT LIST`. */
  readonly name: string;
  readonly log: Logger;
}): Promise<RedisJournalReader> {
  const redis = await connectRedis(options);
  return {
    journal: new RedisJournal({ redis }),
    // It writes nothing, so the level does not matter.
    snapshots: new RedisSnapshotStore({ redis, levels: new ReachedLevel(0) }),
    leases: new RedisConsumerLeases({ redis }),
    async close() {
      redis.disconnect();
    },
  };
}
