// Keeps the account of the journals up to date (events/analytics/account.ts), off the loop that
// sells: it polls how far each journal goes, reads the entries that are new and stores what they
// add. In a cluster one node does so, by a lease; two that do so for a moment do no harm, since
// each change is stored at the position where it begins or not at all.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import { isDamage, readEntries } from '../../actors/shard/recovery.ts';
import type { AnalyticsStore } from '../../storage/ports/analytics.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';
import type { ConsumerLag } from '../lane.ts';
import { LastRead } from '../last-read.ts';
import type { ConsumerLease } from '../off-loop/consumer-lease.ts';
import { Account, OvertakenError } from './account.ts';

/** Names the lease, and the lag. */
export const ANALYTICS_CONSUMER = 'analytics';
const POLL_MS = 500;
/** Events of one change of the store. */
const EVENTS_MAX = 4_096;
const TRIM_INTERVAL_MS = 60_000;
/** Sums that one poll removes; while there are more, the next poll goes on. */
const TRIMMED_AT_ONCE_MAX = 2_000;
/** After damage was found in a journal, until it is read again. */
const DAMAGED_MS = 60_000;

export interface AccountKeeperOptions {
  readonly store: Pick<AnalyticsStore, 'generation' | 'exact' | 'trim'>;
  readonly journal: Pick<JournalReader, 'read' | 'head'>;
  readonly shardCount: number;
  /** Null: this process alone keeps the account. */
  readonly lease: ConsumerLease | null;
  readonly pollMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export class AccountKeeper {
  readonly #options: AccountKeeperOptions;
  readonly #lastPoll: LastRead;
  #account: Account | null = null;
  #generation = 0;
  /** Whether this process keeps the account now. */
  #keeps = false;
  /** Of the lease, when the account was used last. */
  #tenure = 0;
  /** Entries that were not read yet at the end of the last poll. */
  #behind = new Map<number, number>();
  /** By shard, the monotonic time until which it is left alone. */
  readonly #damaged = new Map<number, number>();
  #trimmedAt = -Infinity;
  #timer: Timer | null = null;
  #polling: Promise<void> | null = null;
  #stopped = false;

  constructor(options: AccountKeeperOptions) {
    this.#options = options;
    const { pollMs: intervalMs = POLL_MS, clock } = options;
    this.#lastPoll = new LastRead({ intervalMs, clock });
  }

  start(): void {
    this.#lastPoll.now();
    this.#follow();
  }

  /** Empty while another process keeps the account. */
  lag(): ConsumerLag[] {
    if (!this.#keeps) return [];
    let entries = 0;
    for (const count of this.#behind.values()) entries += count;
    const ms = this.#lastPoll.overdueMs();
    const shardsBehind = this.#behind.size;
    return [{ consumer: ANALYTICS_CONSUMER, facts: 0, entries, shardsBehind, ms }];
  }

  /** Finishes the change in progress and releases the lease. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#polling;
    await this.#options.lease?.release();
  }

  /** Reads and stores what is new. Errors: `store-unavailable`. */
  async catchUp(): Promise<void> {
    const { journal, shardCount, clock } = this.#options;
    const account = await this.#open();
    this.#behind = new Map();
    const shards = Array.from({ length: shardCount }, (_, shard) => shard);
    const heads = await Promise.all(shards.map((shard) => journal.head(shard)));
    for (const [shard, { lastSequence }] of heads.entries()) {
      const isDamaged = (this.#damaged.get(shard) ?? -Infinity) > clock.monotonic();
      const count = lastSequence - account.position(shard);
      if (isDamaged && count > 0) this.#behind.set(shard, count);
      if (isDamaged || count <= 0) continue;
      if (!(await this.#read(account, shard, lastSequence))) return;
    }
    await this.#flush(account);
  }

  /** False: it was overtaken, or damage was found, or it is to stop; the next poll goes on. */
  async #read(account: Account, shard: number, last: number): Promise<boolean> {
    const { journal, clock, log } = this.#options;
    try {
      for await (const entry of readEntries(journal, shard, account.position(shard), last)) {
        await account.add(entry);
        if (account.waiting < EVENTS_MAX) continue;
        if (!(await this.#flush(account))) return false;
        if (this.#stopped) return false;
      }
      return true;
    } catch (error) {
      // An entry may be in the account by half.
      this.#account = null;
      if (error instanceof OvertakenError) return false;
      if (!isDamage(error)) throw error;
      log.error({ err: error, shard }, 'a journal cannot be read for analytics');
      this.#damaged.set(shard, clock.monotonic() + DAMAGED_MS);
      return false;
    }
  }

  async #flush(account: Account): Promise<boolean> {
    const isStored = await account.flush();
    if (!isStored) this.#account = null;
    return isStored;
  }

  async #open(): Promise<Account> {
    const { store } = this.#options;
    const generation = await store.generation();
    if (this.#account === null || generation !== this.#generation) {
      this.#account = await Account.open({ store: store.exact(generation) });
      this.#generation = generation;
    }
    return this.#account;
  }

  #follow(): void {
    if (this.#stopped) return;
    this.#polling = this.#poll().finally(() => {
      this.#polling = null;
      if (this.#stopped) return;
      const { clock, pollMs = POLL_MS } = this.#options;
      this.#timer = clock.after(pollMs, () => this.#follow());
    });
  }

  /** Never rejects: after an error of the store the next poll tries again. */
  async #poll(): Promise<void> {
    const { lease, store, clock, log } = this.#options;
    try {
      this.#keeps = lease === null || (await lease.hold());
      const tenure = lease?.tenure ?? 0;
      // Whoever has the lease then, or had it in between, changes what is stored.
      if (!this.#keeps || tenure !== this.#tenure) this.#account = null;
      this.#tenure = tenure;
      if (!this.#keeps) return;
      await this.catchUp();
      this.#lastPoll.now();
      if (clock.monotonic() - this.#trimmedAt < TRIM_INTERVAL_MS) return;
      const removed = await store.trim(clock.now(), TRIMMED_AT_ONCE_MAX);
      if (removed < TRIMMED_AT_ONCE_MAX) this.#trimmedAt = clock.monotonic();
    } catch (error) {
      // What was not stored is read again.
      this.#account = null;
      log.warn({ err: error }, 'analytics could not follow the journals');
    }
  }
}
