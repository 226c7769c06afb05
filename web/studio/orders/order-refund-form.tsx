// The form that refunds an order, or a part of it. The second press does it.

import { useComputed, useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { REFUND_REASON_LENGTH_MAX } from '../../../contracts/bounds.ts';
import { formatAmount } from '../../../contracts/currencies.ts';
import type { Order } from '../../../sdk/api.ts';
import { Fault } from '../../shared/components/fault.tsx';
import { Notice } from '../../shared/components/parts.tsx';
import { priceText } from '../../shared/money.ts';
import { client } from '../../shared/server.ts';
import { useWorking } from '../../shared/working.ts';
import { type Left, refundOf } from './order-refund.ts';
import { orderText } from './texts.ts';

interface OrderRefundFormProps {
  readonly order: Order;
  readonly left: Left;
  /** With the price that was given back, as it is shown. */
  readonly onRefunded: (order: Order, price: string) => void;
}

export function OrderRefundForm({ order, left, onRefunded }: OrderRefundFormProps) {
  const { id, currency } = order;
  const amount = useSignal(formatAmount(left.amount, currency));
  const units = useSignal(left.units);
  const restock = useSignal(true);
  const reason = useSignal('');
  const isAsked = useSignal(false);
  const { isBusy, fault, run } = useWorking();
  const field = useId();
  const asked = useComputed(() =>
    refundOf(left, currency, {
      amount: amount.value,
      units: units.value,
      restock: restock.value,
      reason: reason.value,
    }),
  );
  const price = asked.value === null ? '' : priceText(asked.value.amount, currency);
  const isPart = asked.value !== null && asked.value.amount < left.amount;
  return (
    <form
      class="stack order-refund"
      onInput={() => (isAsked.value = false)}
      onSubmit={(event) => {
        event.preventDefault();
        if (asked.value === null) return;
        if (!isAsked.value) {
          isAsked.value = true;
          return;
        }
        const { body } = asked.value;
        run(
          () => client.call('POST /v1/orders/{id}/refund', { path: { id }, body }),
          (changed) => onRefunded(changed, price),
        );
      }}
    >
      <h3>{orderText('one.refund')}</h3>
      <div class="studio-pair">
        {left.amount > 0 && (
          <div class="field">
            <label for={`${field}-amount`}>{`${orderText('one.amount')} (${currency})`}</label>
            <input
              class="input number"
              id={`${field}-amount`}
              inputMode="decimal"
              required
              autocomplete="off"
              value={amount.value}
              onInput={({ currentTarget }) => (amount.value = currentTarget.value)}
            />
          </div>
        )}
        <div class="field">
          <label for={`${field}-units`}>{orderText('one.quantity')}</label>
          <input
            class="input number"
            id={`${field}-units`}
            type="number"
            required
            min={0}
            max={left.units}
            disabled={!isPart}
            value={isPart ? units.value : left.units}
            onInput={({ currentTarget }) => (units.value = currentTarget.valueAsNumber || 0)}
          />
        </div>
      </div>
      <div class="field">
        <label for={`${field}-reason`}>{orderText('one.reason')}</label>
        <input
          class="input"
          id={`${field}-reason`}
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
        {orderText('one.restock')}
      </label>
      {asked.value === null && <Notice tone="warn">{orderText('one.bad')}</Notice>}
      <Fault of={fault} />
      <p>
        <button
          class={isAsked.value ? 'button button-main' : 'button'}
          type="submit"
          disabled={asked.value === null}
          aria-disabled={isBusy.value}
          // The second click of a double one is no answer to the question.
          onClick={(event) => event.detail > 1 && event.preventDefault()}
        >
          {orderText(isAsked.value ? 'one.sure' : 'one.go', { price })}
        </button>
      </p>
    </form>
  );
}
