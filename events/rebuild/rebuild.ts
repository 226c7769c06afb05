// Verifies that order lists and feeds have everything that the journals say, and restores what they
// lost (J1). It runs beside the relay and without a shard's owner: it needs only the journal and
// the read models (decision 025). It checks each journal up to its end at the call: later entries
// are left to the relay, which is never delayed.

import type { RebuiltShard } from '../../contracts/operator.ts';
import type { Logger } from 'pino';
import type { Clock } from '../../actors/clock.ts';
import type { ShardPosition } from '../../storage/ports/consumer-positions.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import type { OpenSpill } from '../../storage/ports/spill.ts';
import type { OrderChanges, ReadModels } from '../../storage/ports/read-models.ts';
import { readJournalChanges } from './journal-changes.ts';

/** The longest wait for the relay to bring what was durable at the call. */
const RELAY_WAIT_MAX_MS = 10_000;
const RELAY_POLL_MS = 50;

export interface RebuildOptions {
  readonly journal: Journal;
  readonly readModels: ReadModels;
  readonly openSpill: OpenSpill;
  readonly clock: Clock;
  readonly log: Logger;
  readonly relayWaitMaxMs?: number;
}

export class Rebuild {
  readonly #options: RebuildOptions;

  constructor(options: RebuildOptions) {
    this.#options = options;
  }

  /**
   * One row for each shard, in their order. `write` false: only verifies. Errors:
   * `store-unavailable`; then a part may be restored, and the next call restores the rest.
   */
  async run(shards: readonly number[], write: boolean): Promise<RebuiltShard[]> {
    const reasons = new Map<number, string>();
    const journals = await this.#journals(shards, reasons);
    const missing = await this.#options.readModels.restore({
      journals,
      changesOf: (journal) => this.#changesOf(journal, reasons),
      write,
    });
    const found = new Map(missing.map((row) => [row.shard, row]));
    const entries = new Map(journals.map(({ shard, sequence }) => [shard, sequence]));
    return shards.map((shard) => {
      const { orders, notifications } = found.get(shard) ?? { orders: 0, notifications: 0 };
      const compared = found.has(shard) ? entries.get(shard)! : 0;
      return {
        shard,
        entries: compared,
        orders,
        notifications,
        reason: reasons.get(shard) ?? null,
      };
    });
  }

  /** The journals that have entries, each up to the relay's position. */
  async #journals(
    shards: readonly number[],
    reasons: Map<number, string>,
  ): Promise<ShardPosition[]> {
    const { journal, readModels, clock, relayWaitMaxMs = RELAY_WAIT_MAX_MS } = this.#options;
    const giveUpAt = clock.monotonic() + relayWaitMaxMs;
    const journals: ShardPosition[] = [];
    for (const shard of shards) {
      const { lastSequence } = await journal.head(shard);
      if (lastSequence === 0) continue;
      let position = await readModels.position(shard);
      while (position < lastSequence && clock.monotonic() < giveUpAt) {
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

  async #changesOf(
    journal: ShardPosition,
    reasons: Map<number, string>,
  ): Promise<OrderChanges[] | null> {
    try {
      return await readJournalChanges(this.#options, journal);
    } catch (error) {
      const { code, message } = error as { code?: unknown; message: string };
      if (code !== 'corrupt' && code !== 'invariant') throw error;
      reasons.set(journal.shard, `The journal cannot be read: ${message}.`);
      this.#options.log.warn({ err: error, shard: journal.shard }, 'a journal cannot be read');
      return null;
    }
  }
}
