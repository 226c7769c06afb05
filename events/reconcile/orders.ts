// Compares order lists, feeds, orders' totals and drops' rows with the journals, one shard at a
// time: the comparison and the repair of `livedrops rebuild`, and the rows of the drops that its
// replay comes by.

import type { Logger } from 'pino';
import type { Journal } from '../../storage/ports/journal.ts';
import { Findings, type Reconciled } from '../../storage/ports/reconciled.ts';
import type { Rebuild } from '../rebuild/rebuild.ts';
import type { DropRows } from './drop-rows.ts';
import type { Reconciler, ReconcileRun } from './reconciler.ts';

export interface OrdersReconcilerOptions {
  readonly rebuild: Rebuild;
  readonly dropRows: DropRows;
  readonly journal: Pick<Journal, 'head'>;
  readonly shardCount: number;
  readonly log: Logger;
}

/** The cursor is the next shard. */
export class OrdersReconciler implements Reconciler {
  readonly kind = 'orders';
  readonly #options: OrdersReconcilerOptions;

  constructor(options: OrdersReconcilerOptions) {
    this.#options = options;
  }

  async step({ cursor, pause, signal }: ReconcileRun): Promise<Reconciled> {
    const { shardCount } = this.#options;
    const findings = new Findings();
    let shard = Number(cursor ?? 0);
    while (shard < shardCount && (await this.#isEmpty(shard))) shard += 1;
    if (shard < shardCount) await this.#shard(shard, findings, pause, signal);
    return findings.at(shard + 1 < shardCount ? String(shard + 1) : null);
  }

  async #isEmpty(shard: number): Promise<boolean> {
    return (await this.#options.journal.head(shard)).lastSequence === 0;
  }

  async #shard(
    shard: number,
    findings: Findings,
    pause: ReconcileRun['pause'],
    signal: AbortSignal,
  ): Promise<void> {
    const { rebuild, dropRows, log } = this.#options;
    const run = { signal, progress: () => undefined };
    const [row] = await rebuild.run([shard], true, run, async (drops) => {
      for (const dropId of await dropRows.mend(drops, { pause, signal }))
        findings.differed(`the row of drop ${dropId}`);
    });
    const { entries, orders, notifications, reason } = row!;
    if (reason !== null) log.warn({ shard, reason }, 'a shard was not reconciled as a whole');
    findings.compared += entries;
    for (let i = 0; i < orders; i++) findings.differed(`an order of shard ${shard}`);
    for (let i = 0; i < notifications; i++) findings.differed(`a notification of shard ${shard}`);
  }
}
