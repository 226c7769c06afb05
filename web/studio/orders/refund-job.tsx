// Refunds of many orders while they are made, and afterwards what became of each.

import { useSignal } from '@preact/signals';
import type { Job, Order } from '../../../sdk/api.ts';
import { DataTable } from '../../shared/components/data-table.tsx';
import { Fault } from '../../shared/components/fault.tsx';
import { Notice } from '../../shared/components/parts.tsx';
import { numberText } from '../../shared/language.ts';
import { priceText } from '../../shared/money.ts';
import { client } from '../../shared/server.ts';
import { useWorking } from '../../shared/working.ts';
import { isOver, useFollowedJob } from './followed-job.ts';
import { nameOf } from './names.ts';
import { numberOf } from './order-search.ts';
import { OrderState } from './order-state.tsx';
import { orderText } from './texts.ts';

interface RefundJobProps {
  readonly job: Job;
  /** Those that were chosen; empty: every one that was paid, or they were chosen elsewhere. */
  readonly orders: readonly Order[];
  readonly onEnd: () => void;
  readonly onClose: () => void;
}

export function RefundJob({ job: first, orders, onEnd, onClose }: RefundJobProps) {
  const results = useSignal<readonly Order[] | null>(null);
  const reading = useWorking();
  const followed = useFollowedJob(first, () => {
    onEnd();
    if (orders.length > 0)
      reading.run(
        () => ordersAgain(first.subject, orders),
        (found) => (results.value = found),
      );
  });
  const { job, fault } = followed.value;
  return (
    <section class="panel stack" aria-label={orderText('job.progress')}>
      <div role="status" class="stack">
        {isOver(job) ? <End of={job} /> : <b>{orderText('job.runs')}</b>}
      </div>
      {!isOver(job) && <UnderWay of={job} />}
      {fault !== null && <Notice tone="warn">{orderText('job.lost', { reason: fault })}</Notice>}
      <Fault of={reading.fault} />
      {results.value !== null && <Results of={orders} after={results.value} />}
      {isOver(job) && (
        <p>
          <button class="button" type="button" onClick={onClose}>
            {orderText('result.close')}
          </button>
        </p>
      )}
    </section>
  );
}

function UnderWay({ of: { id, progress } }: { of: Job }) {
  const { isBusy, fault, run } = useWorking();
  const done = progress.done + sum(progress.refused);
  const total = done + (progress.left ?? 0);
  const share = total === 0 ? 0 : done / total;
  return (
    <>
      <div
        class="meter"
        role="progressbar"
        aria-label={orderText('job.progress')}
        aria-valuenow={Math.floor(share * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <span style={{ transform: `scaleX(${share})` }} />
      </div>
      <p class="row row-apart">
        <span class="number">
          {numberText(done)} / {numberText(total)}
        </span>
        <button
          class="button"
          type="button"
          aria-disabled={isBusy.value}
          onClick={() => run(() => client.call('POST /v1/jobs/{id}/cancel', { path: { id } }))}
        >
          {orderText('job.stop')}
        </button>
      </p>
      <Fault of={fault} />
    </>
  );
}

function End({ of: { state, progress, reason = '' } }: { of: Job }) {
  return (
    <>
      {state === 'failed' && <Notice tone="bad">{orderText('job.failed', { reason })}</Notice>}
      {state === 'cancelled' && <Notice tone="warn">{orderText('job.cancelled')}</Notice>}
      <Notice tone={progress.done > 0 ? 'good' : 'plain'}>
        {orderText('job.done', { n: progress.done })}
      </Notice>
      {Object.entries(progress.refused).map(([code, n]) => (
        <Notice key={code} tone="bad">
          {orderText('job.refused', { n, code })}
        </Notice>
      ))}
    </>
  );
}

function Results({ of, after }: { of: readonly Order[]; after: readonly Order[] }) {
  const found = new Map(after.map((order) => [order.id, order]));
  return (
    <DataTable
      label={orderText('result')}
      heads={[orderText('id'), orderText('buyer'), orderText('amount'), orderText('result')]}
    >
      {of.map((order) => {
        const now = found.get(order.id);
        return (
          <tr key={order.id}>
            <td class="number">#{numberOf(order)}</td>
            <td>{nameOf(order.userId)}</td>
            <td class="number">{priceText(order.totalAmount, order.currency)}</td>
            <td>{now === undefined ? orderText('result.none') : <OrderState of={now} />}</td>
          </tr>
        );
      })}
    </DataTable>
  );
}

/**
 * The same orders as they are now: those that were placed from the oldest to the newest of them.
 */
async function ordersAgain(dropId: string, orders: readonly Order[]): Promise<readonly Order[]> {
  const times = orders.map(({ createdAt }) => Date.parse(createdAt));
  const missing = new Set(orders.map(({ id }) => id));
  const found: Order[] = [];
  const query = {
    since: new Date(Math.min(...times)).toISOString(),
    until: new Date(Math.max(...times) + 1).toISOString(),
  };
  const asked = { path: { id: dropId }, query };
  for await (const order of client.items('GET /v1/drops/{id}/orders', asked)) {
    if (missing.delete(order.id)) found.push(order);
    if (missing.size === 0) break;
  }
  return found;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, one) => total + one, 0);
}
