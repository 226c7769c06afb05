// Verifies that order lists and feeds have everything that the journals say, and restores what they
// lost (J1). It runs beside the relay and without a shard's owner: it needs only the journal and
// the read models (decision 025). It checks each journal up to its end at the call: later entries
// are left to the relay, which is never delayed.

import type { RebuiltShard, RunProgress } from '../../contracts/operator.ts';
import type { RunContext } from '../../actors/run-context.ts';
import type { Logger } from 'pino';
import { isDamage } from '../../actors/shard/recovery.ts';
import type { Clock } from '../../actors/clock.ts';
import type { UpkeepShare } from '../../actors/upkeep.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import type { ShardPosition } from '../../storage/ports/consumer-positions.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import type { OpenSpill } from '../../storage/ports/spill.ts';
import {
  type DropOrders,
  type Missing,
  type ReadModels,
  USER_BUCKETS,
} from '../../storage/ports/read-models.ts';
import type { AnalyticsStore } from '../../storage/ports/analytics.ts';
import { rebuildAccount } from '../analytics/account-rebuild.ts';
import { JournalChanges } from './journal-changes.ts';

/** The longest wait for the relay to bring what was durable at the call. */
const RELAY_WAIT_MAX_MS = 10_000;
const RELAY_POLL_MS = 50;

export interface RebuildOptions {
  readonly journal: Journal;
  readonly readModels: ReadModels;
  /** Made anew with the lists of all shards; null, or absent: they stay as they are. */
  readonly analytics?: { readonly store: AnalyticsStore; readonly shardCount: number } | null;
  readonly openSpill: OpenSpill;
  /** Of the event loop on which it runs. */
  readonly upkeep: UpkeepShare;
  readonly clock: Clock;
  readonly log: Logger;
  readonly relayWaitMaxMs?: number;
}

/** Called with every drop of the journals, once they are replayed. */
type DropsReplayed = (drops: Iterable<DropOrders>) => Promise<void>;

export class Rebuild {
  readonly #options: RebuildOptions;

  constructor(options: RebuildOptions) {
    this.#options = options;
  }

  /**
   * One row for each shard, in their order. `write` false: only verifies. Errors: the signal's
   * reason; `store-unavailable`. Then a part may be restored, and the next call restores the rest.
   */
  async run(
    shards: readonly number[],
    write: boolean,
    run: RunContext,
    replayed: DropsReplayed = () => Promise.resolve(),
  ): Promise<RebuiltShard[]> {
    const { upkeep } = this.#options;
    return await upkeep.inSlices((pause) => this.#run(shards, write, run, pause, replayed));
  }

  async #run(
    shards: readonly number[],
    write: boolean,
    run: RunContext,
    pause: Pause,
    replayed: DropsReplayed,
  ): Promise<RebuiltShard[]> {
    const { journal, openSpill, readModels, analytics } = this.#options;
    const { signal } = run;
    const reasons = new Map<number, string>();
    const journals = await this.#journals(shards, reasons, signal);
    const changes = new JournalChanges({ journal, openSpill, pause, signal });
    try {
      await this.#replay(journals, changes, reasons, run);
      await replayed(changes.drops());
      const missing = await readModels.restore({
        journals: changes,
        openSpill,
        write,
        pause,
        signal,
        compared: (share) => run.progress(comparing(share)),
      });
      if (write && shards.length === analytics?.shardCount)
        await this.#rebuildAnalytics(run, pause, reasons);
      return rebuiltRows(shards, changes.journals, missing, reasons);
    } finally {
      changes.close();
    }
  }

  /** Of all journals together: they have sums in common. */
  async #rebuildAnalytics(
    run: RunContext,
    pause: Pause,
    reasons: Map<number, string>,
  ): Promise<void> {
    const { analytics, journal, log } = this.#options;
    if (!analytics) return;
    try {
      await rebuildAccount({ ...analytics, journal, pause }, run);
    } catch (error) {
      if (!isDamage(error)) throw error;
      log.warn({ err: error }, 'analytics stay as they are: a journal cannot be read');
      if (reasons.size === 0) reasons.set(0, `Analytics are not made anew: ${error.message}.`);
    }
  }

  /** The journals that have entries, each up to the relay's position. */
  async #journals(
    shards: readonly number[],
    reasons: Map<number, string>,
    signal: AbortSignal,
  ): Promise<ShardPosition[]> {
    const { journal, readModels, clock, relayWaitMaxMs = RELAY_WAIT_MAX_MS } = this.#options;
    const giveUpAt = clock.monotonic() + relayWaitMaxMs;
    const journals: ShardPosition[] = [];
    for (const shard of shards) {
      const { lastSequence } = await journal.head(shard);
      if (lastSequence === 0) continue;
      let position = await readModels.position(shard);
      while (position < lastSequence && clock.monotonic() < giveUpAt) {
        signal.throwIfAborted();
        await new Promise<void>((done) => clock.after(RELAY_POLL_MS, done));
        position = await readModels.position(shard);
      }
      const sequence = Math.min(position, lastSequence);
      if (sequence < lastSequence)
        reasons.set(shard, `The relay has brought ${position} of ${lastSequence} entries so far.`);
      if (sequence > 0) journals.push({ shard, sequence });
    }
    return journals;
  }

  async #replay(
    journals: readonly ShardPosition[],
    changes: JournalChanges,
    reasons: Map<number, string>,
    { signal, progress }: RunContext,
  ): Promise<void> {
    const total = journals.reduce((sum, { sequence }) => sum + sequence, 0);
    const counts = { shards: journals.length, shardsDone: 0, total, done: 0 };
    const tell = () => progress({ phase: 'lists', ...counts });
    tell();
    for (const journal of journals) {
      signal.throwIfAborted();
      const { shard } = journal;
      const doneBefore = counts.done;
      try {
        await changes.add(journal, () => {
          counts.done += 1;
          tell();
        });
      } catch (error) {
        if (!isDamage(error)) throw error;
        reasons.set(shard, `The journal cannot be read: ${error.message}.`);
        this.#options.log.warn({ err: error, shard }, 'a journal cannot be read');
      }
      counts.done = doneBefore + journal.sequence;
      counts.shardsDone += 1;
      tell();
    }
  }
}

function rebuiltRows(
  shards: readonly number[],
  compared: readonly ShardPosition[],
  missing: readonly Missing[],
  reasons: ReadonlyMap<number, string>,
): RebuiltShard[] {
  const entries = new Map(compared.map(({ shard, sequence }) => [shard, sequence]));
  const found = new Map(missing.map((row) => [row.shard, row]));
  return shards.map((shard) => ({
    shard,
    entries: entries.get(shard) ?? 0,
    orders: found.get(shard)?.orders ?? 0,
    notifications: found.get(shard)?.notifications ?? 0,
    reason: reasons.get(shard) ?? null,
  }));
}

function comparing(share: number): RunProgress {
  const done = Math.floor(share * USER_BUCKETS);
  return { phase: 'rows', shards: 0, shardsDone: 0, total: USER_BUCKETS, done };
}
