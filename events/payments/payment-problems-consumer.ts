// Fills the list of payments that operators must look at (P2a, P7) from the events of all drops. It
// stores its position with the rows, and where there are no rows, late: after a crash the entries
// of that time are read again and change nothing. A store that was filled by a release without
// this consumer has no positions of it, so the journals are read from their start, once; where the
// archive's retention has removed that, from the newest snapshot.

import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { Fact, FactBatch } from '../../actors/shard/facts.ts';
import type {
  PaymentProblem,
  ProblemCount,
  ProblemKind,
} from '../../contracts/payment-problems.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { ConsumerPositions } from '../../storage/ports/consumer-positions.ts';
import {
  PAYMENT_PROBLEMS_CONSUMER,
  type PaymentProblems,
  type ProblemChange,
} from '../../storage/ports/payment-problems.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';
import type { ProjectionBatch } from '../../storage/ports/projection.ts';
import type { SnapshotHeads } from '../../storage/ports/snapshots.ts';
import type { EventConsumer } from '../consumer.ts';
import type { WarningLog } from '../warning-log.ts';

export interface PaymentProblemsConsumerOptions {
  readonly paymentProblems: PaymentProblems;
  readonly consumerPositions: ConsumerPositions;
  readonly journal: Pick<JournalReader, 'removed'>;
  readonly snapshots: Pick<SnapshotHeads, 'snapshotSequence'>;
  readonly clock: Clock;
  readonly log: WarningLog;
}

/** Between two writes of positions without rows, and between two counts for the metrics. */
const SAVE_DELAY_MS = 1_000;
const COUNT_INTERVAL_MS = 5_000;
const ID_LENGTH = 24;

export class PaymentProblemsConsumer implements EventConsumer {
  readonly name = PAYMENT_PROBLEMS_CONSUMER;
  readonly placement = 'beside-shard';
  readonly #options: PaymentProblemsConsumerOptions;
  /** Positions that moved since they were stored, by shard. */
  #unsaved = new Map<number, number>();
  #saveTimer: Timer | null = null;
  #saving: Promise<void> = Promise.resolve();
  #countTimer: Timer | null = null;
  #counting: Promise<void> = Promise.resolve();
  #counts: readonly ProblemCount[] | null = null;
  #stopped = false;

  constructor(options: PaymentProblemsConsumerOptions) {
    this.#options = options;
  }

  /** Begins to count for the metrics. */
  start(): void {
    this.#countLater(0);
  }

  /** Stores the positions. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#saveTimer?.cancel();
    this.#countTimer?.cancel();
    await Promise.all([this.#saving, this.#counting]);
    await this.#save();
  }

  /** As of the last count; null before the first one. */
  counts(): readonly ProblemCount[] | null {
    return this.#counts;
  }

  async position(shard: number): Promise<number> {
    const { consumerPositions, paymentProblems, journal, snapshots, log } = this.#options;
    const stored = await consumerPositions.load(this.name, shard);
    if (stored > 0 || (await journal.removed(shard)) === 0) return stored;
    const sequence = await snapshots.snapshotSequence(shard);
    await paymentProblems.store([{ shard, sequence, rows: [] }]);
    log.warn(
      { shard, sequence },
      'payment problems are listed from here: what was before is removed',
    );
    return sequence;
  }

  async consume(batches: readonly FactBatch[]): Promise<void> {
    const problems: ProjectionBatch<ProblemChange>[] = [];
    for (const batch of batches) {
      const rows = problemChanges(batch);
      if (rows !== null) problems.push({ shard: batch.shard, sequence: batch.sequence, rows });
    }
    if (problems.length > 0) await this.#options.paymentProblems.store(problems);
    for (const { shard, sequence } of batches) this.#unsaved.set(shard, sequence);
    this.#saveLater();
  }

  #saveLater(): void {
    if (this.#stopped || this.#saveTimer !== null) return;
    this.#saveTimer = this.#options.clock.after(SAVE_DELAY_MS, () => {
      this.#saveTimer = null;
      this.#saving = this.#save();
    });
  }

  /** Never rejects: positions that could not be stored are stored next time. */
  async #save(): Promise<void> {
    const { paymentProblems, log } = this.#options;
    const unsaved = this.#unsaved;
    if (unsaved.size === 0) return;
    this.#unsaved = new Map();
    try {
      await paymentProblems.store(
        Array.from(unsaved, ([shard, sequence]) => ({ shard, sequence, rows: [] })),
      );
    } catch (error) {
      log.warn({ err: error }, `positions of the ${this.name} consumer were not kept`);
      for (const [shard, sequence] of unsaved) {
        if (!this.#unsaved.has(shard)) this.#unsaved.set(shard, sequence);
      }
      this.#saveLater();
    }
  }

  #countLater(delayMs: number): void {
    if (this.#stopped) return;
    this.#countTimer = this.#options.clock.after(delayMs, () => {
      this.#counting = this.#count();
    });
  }

  async #count(): Promise<void> {
    const { paymentProblems, log } = this.#options;
    try {
      this.#counts = await paymentProblems.counts();
    } catch (error) {
      log.warn({ err: error }, 'payment problems could not be counted');
    }
    this.#countLater(COUNT_INTERVAL_MS);
  }
}

/** Null where the batch has none, as nearly all: nothing is made for these. */
function problemChanges({ facts, time }: FactBatch): ProblemChange[] | null {
  let changes: ProblemChange[] | null = null;
  for (const fact of facts) {
    if (fact.order === null) continue;
    const change = problemChange(fact, fact.order, time);
    if (change !== null) (changes ??= []).push(change);
  }
  return changes;
}

function problemChange(fact: Fact, order: OrderView, time: number): ProblemChange | null {
  const { event } = fact;
  const { totalAmount, currency: orderCurrency } = order;
  switch (event.type) {
    case 'payment-rejected': {
      const { reference, amount, currency, reason } = event;
      return opened(fact, order, time, { kind: 'rejected', reference, amount, currency, reason });
    }
    case 'payment-disputed': {
      const { reference, amount, currency } = event;
      return opened(fact, order, time, { kind: 'disputed', reference, amount, currency });
    }
    case 'payment-voided': {
      const about = { reference: event.reference, amount: totalAmount, currency: orderCurrency };
      return opened(fact, order, time, { kind: 'voided', ...about });
    }
    case 'dispute-closed': {
      const { reference, outcome } = event;
      const id = problemId('disputed', order.id, reference);
      return { type: 'closed', id, kind: 'disputed', outcome, closedAt: time, amount: null };
    }
    case 'payment-refunded': {
      const { reference, amount } = event;
      const id = problemId('rejected', order.id, reference);
      const outcome = 'refunded';
      return { type: 'closed', id, kind: 'rejected', outcome, closedAt: time, amount };
    }
    default:
      return null;
  }
}

function opened(
  { terms }: Fact,
  order: OrderView,
  openedAt: number,
  about: Pick<PaymentProblem, 'kind' | 'reference' | 'amount' | 'currency'> &
    Partial<Pick<PaymentProblem, 'reason'>>,
): ProblemChange {
  const { kind, reference, amount, currency, reason = null } = about;
  const { id: orderId, dropId, totalAmount: orderAmount, currency: orderCurrency } = order;
  const problem: PaymentProblem = {
    id: problemId(kind, orderId, reference),
    kind,
    open: kind !== 'voided',
    orderId,
    dropId,
    creatorId: terms.creatorId,
    reference,
    amount,
    currency,
    orderAmount,
    orderCurrency,
    reason,
    outcome: null,
    openedAt,
    closedAt: null,
  };
  return { type: 'opened', problem };
}

/** Derived, so that the same event gives the same problem whoever reads it. */
function problemId(kind: ProblemKind, orderId: string, reference: string): string {
  const digest = createHash('sha256').update(`${kind}\n${orderId}\n${reference}`).digest('hex');
  return `pp_${digest.slice(0, ID_LENGTH)}`;
}
