// What the programs of threads beside the shards have in common: their priority, their connections
// to the journals, and the leases by which one node of several runs them.

import { randomUUID } from 'node:crypto';
import { setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import type { Logger } from 'pino';
import { systemClock } from '../actors/clock.ts';
import { ConsumerLease } from '../events/off-loop/consumer-lease.ts';
import type { ConsumerLeases } from '../storage/ports/consumer-leases.ts';
import { openSqliteChangeReader } from '../storage/sqlite/catalogue/change-reader.ts';
import { openSqliteJournalReader } from '../storage/sqlite/journal/journal-reader.ts';
import type { Config } from './config.ts';
import type { Stoppable } from './off-loop-thread.ts';

/** A `nice` value: the selling loop gets the core first. */
const PRIORITY = 10;
/** A cluster has many shards, and all its nodes poll the same Redis. */
export const CLUSTER_POLL_MS = 1_000;

/**
 * The first step of a thread's program: lowers its priority, or ends it where it was stopped while
 * its modules were loaded.
 */
export function beginThread(log: Logger): void {
  if (Atomics.load((workerData as Stoppable).stopped, 0) !== 0) process.exit();
  lowerPriority(log);
}

export function lowerPriority(log: Logger): void {
  try {
    // On Linux this sets the priority of the calling thread only.
    setPriority(0, PRIORITY);
  } catch (error) {
    log.info({ err: error }, 'a thread beside the shards has the usual priority');
  }
}

/** The journals without the archive. `purpose` names the connection. */
export async function openJournals(config: Config, purpose: string, log: Logger) {
  const { store, nodeId, dataDirectory } = config;
  if (store.kind !== 'redis') return { ...openSqliteJournalReader(dataDirectory), leases: null };
  const { openRedisJournalReader } = await import('../storage/redis/journal/journal-reader.ts');
  return await openRedisJournalReader({ address: store, name: `${nodeId}-${purpose}`, log });
}

/**
 * The change stream, drop rows, counts of followers, and where users are reached. `purpose` names
 * the connections.
 */
export async function openChanges(config: Config, purpose: string, log: Logger) {
  const { store, nodeId, dataDirectory } = config;
  if (store.kind !== 'redis') return { ...openSqliteChangeReader(dataDirectory), leases: null };
  const { openRedisChangeReader } = await import('../storage/redis/catalogue/change-reader.ts');
  return await openRedisChangeReader({ address: store, name: `${nodeId}-${purpose}`, log });
}

/** Of several nodes one runs a consumer, which its lease decides. A node alone needs no lease. */
export function leaseOf(
  consumer: string,
  nodeId: string,
  leases: ConsumerLeases | null,
): ConsumerLease | null {
  if (leases === null) return null;
  const holder = `${nodeId}/${randomUUID()}`;
  return new ConsumerLease({ consumer, holder, leases, clock: systemClock });
}
