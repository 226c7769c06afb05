// Begins the records of drops (decision 081). Once the store has reached their level, no node
// writes a drop's row without its summary any more. Then one node, under a lease, puts summaries of
// all rows that are older, and lets changes of summaries have records. Where it dies, another
// begins the pass again: a summary that is there already stays. Where records have begun, each
// start of a node sets the keys of the buckets again.

import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { FeatureLevels } from '../../ports/feature-level.ts';
import type { Catalogue } from '../../ports/catalogue.ts';
import type { RedisConnection } from '../connection/connection.ts';
import { RedisConsumerLeases } from './consumer-leases-redis.ts';
import { areDropsRecorded, DropSummaries } from './drop-summaries.ts';
import type { EntityParts } from './entity-parts.ts';
import { UpgradeSteps } from './upgrade-steps.ts';

/** The level that every living node must read before drops have records. */
export const DROP_RECORDS_LEVEL = 5;

const LEASE = 'drop-records';
const LEASE_MS = 15_000;
/** Some milliseconds, so that other commands get their turn. */
const PAGE_ROWS = 100;

export interface DropRecordsUpgradeOptions extends Pick<EntityParts, 'redis' | 'changes'> {
  readonly catalogue: Pick<Catalogue, 'listDrops'>;
  /** The feature level of the store: every living node reads it. */
  readonly levels: FeatureLevels;
  readonly log: Logger;
}

export class DropRecordsUpgrade {
  readonly #options: DropRecordsUpgradeOptions;
  readonly #summaries: DropSummaries;
  readonly #leases: RedisConsumerLeases;
  readonly #redis: RedisConnection;
  /** The name of this process as a holder of the lease. */
  readonly #name = randomUUID();
  readonly #steps: UpgradeSteps;
  #isDone = false;

  constructor(options: DropRecordsUpgradeOptions) {
    this.#options = options;
    this.#summaries = new DropSummaries(options);
    this.#leases = new RedisConsumerLeases(options);
    this.#redis = options.redis;
    this.#steps = new UpgradeSteps({
      ...options,
      name: 'the pass for records of drops',
      advance: () => this.advance(),
      isDone: () => this.#isDone,
    });
  }

  start(): void {
    this.#steps.start();
  }

  /** Resolves when no step is in progress. Idempotent. */
  async stop(): Promise<void> {
    await this.#steps.stop();
  }

  /** Makes the pass, if this node may. Errors: `store-unavailable`; another call begins anew. */
  async advance(): Promise<void> {
    const { levels, log } = this.#options;
    if (await areDropsRecorded(this.#redis)) {
      // A failover may have lost the keys of a bucket alone.
      await this.#summaries.recordAll();
      this.#isDone = true;
      return;
    }
    if (levels.reached() < DROP_RECORDS_LEVEL || !(await this.#hold())) return;
    const rows = await this.#pass();
    if (rows === null) return;
    await this.#summaries.recordAll();
    this.#isDone = true;
    await this.#leases.release(LEASE, this.#name);
    log.info({ rows }, 'changes of drops have records');
  }

  /** The number of rows; null: this process stops, or another one has the lease. */
  async #pass(): Promise<number | null> {
    const { catalogue } = this.#options;
    let rows = 0;
    let cursor: string | null = null;
    do {
      if (this.#steps.isStopping || !(await this.#hold())) return null;
      const page: Awaited<ReturnType<Catalogue['listDrops']>> = await catalogue.listDrops(
        {},
        { limit: PAGE_ROWS, cursor },
      );
      await Promise.all(page.items.map((row) => this.#summaries.put(row)));
      rows += page.items.length;
      cursor = page.nextCursor;
    } while (cursor !== null);
    return rows;
  }

  #hold(): Promise<boolean> {
    return this.#leases.hold(LEASE, this.#name, LEASE_MS);
  }
}
