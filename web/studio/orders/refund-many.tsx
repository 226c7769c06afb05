// Refunds of the orders that were chosen, or of every one that is paid: what it comes to, a reason,
// and a number or the product's name to type.

import { type Signal, useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { REFUND_REASON_LENGTH_MAX, REFUNDED_ORDERS_MAX } from '../../../contracts/bounds.ts';
import type { Drop, Job, Order } from '../../../sdk/api.ts';
import { Notice } from '../../shared/components/parts.tsx';
import { numberText } from '../../shared/language.ts';
import { priceText } from '../../shared/money.ts';
import { client } from '../../shared/server.ts';
import { useWorking } from '../../shared/working.ts';
import { TypedConfirmation } from '../typed-confirmation.tsx';
import { leftOf } from './order-refund.ts';
import { orderText } from './texts.ts';

interface RefundManyProps {
  readonly drop: Drop;
  /** Of the product: it is typed before every order is refunded. */
  readonly name: string;
  readonly chosen: Signal<readonly Order[]>;
  readonly onBegun: (job: Job, orders: readonly Order[]) => void;
}

export function RefundMany({ drop, name, chosen, onBegun }: RefundManyProps) {
  const open = useSignal<'chosen' | 'all' | null>(null);
  const restock = useSignal(true);
  const reason = useSignal('');
  const { isBusy, fault, run } = useWorking();
  const reasonId = useId();
  const orders = chosen.value;
  const count = orders.length;
  const price = priceText(
    orders.reduce((sum, order) => sum + (leftOf(order)?.amount ?? 0), 0),
    drop.currency,
  );
  if (open.value === 'chosen' && count === 0) open.value = null;
  const isTooMany = count > REFUNDED_ORDERS_MAX;
  const refund = (): void => {
    const which = open.value === 'all' ? [] : orders;
    const said = reason.value.trim();
    const body = {
      ...(open.value === 'all' ? { all: true as const } : { orderIds: orders.map(({ id }) => id) }),
      ...(!restock.value && { restock: false }),
      ...(said !== '' && { reason: said }),
    };
    run(
      () => client.call('POST /v1/drops/{id}/refunds', { path: { id: drop.id }, body }),
      (job) => {
        open.value = null;
        chosen.value = [];
        onBegun(job, which);
      },
    );
  };
  return (
    <div class="stack">
      <p class="row">
        {count > 0 && <b role="status">{orderText('chosen', { n: count, price })}</b>}
        <button
          class="button"
          type="button"
          disabled={count === 0 || isTooMany}
          aria-expanded={open.value === 'chosen'}
          onClick={() => (open.value = open.value === 'chosen' ? null : 'chosen')}
        >
          {orderText('refund.chosen')}
        </button>
        <button
          class="button button-plain"
          type="button"
          aria-expanded={open.value === 'all'}
          onClick={() => (open.value = open.value === 'all' ? null : 'all')}
        >
          {orderText('refund.everything')}
        </button>
      </p>
      {isTooMany && (
        <Notice tone="warn">{orderText('chosen.most', { n: REFUNDED_ORDERS_MAX })}</Notice>
      )}
      {open.value !== null && (
        <TypedConfirmation
          key={open.value}
          label={
            open.value === 'all'
              ? orderText('refund.confirm.all', { name })
              : orderText('refund.confirm', { n: count, price })
          }
          expected={open.value === 'all' ? name : numberText(count)}
          go={orderText('refund.go')}
          isBusy={isBusy.value}
          fault={fault}
          onKeep={() => (open.value = null)}
          onGo={refund}
        >
          <div class="field">
            <label for={reasonId}>{orderText('refund.reason')}</label>
            <input
              class="input"
              id={reasonId}
              maxLength={REFUND_REASON_LENGTH_MAX}
              value={reason.value}
              onInput={({ currentTarget }) => (reason.value = currentTarget.value)}
            />
          </div>
          <label class="studio-switch">
            <input
              type="checkbox"
              checked={restock.value}
              onInput={({ currentTarget }) => (restock.value = currentTarget.checked)}
            />
            {orderText('refund.restock')}
          </label>
        </TypedConfirmation>
      )}
    </div>
  );
}
