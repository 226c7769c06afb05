// The page of the development provider: the buyer says how the payment goes, and the provider calls
// the webhook as any other would.

import { useSignal } from '@preact/signals';
import { isProblem } from '../../sdk/errors.ts';
import { Fault } from '../shared/components/fault.tsx';
import { text } from '../shared/language.ts';
import { client, ordersChanged } from '../shared/server.ts';
import { useWorking } from '../shared/working.ts';
import { payText } from './texts.ts';

/** Beside "pay" and "decline", which have buttons of their own. */
const OTHERS = [
  'cancelled',
  'late',
  'failure-then-success',
  'twice',
  'wrong-amount',
  'refunded',
  'partly-refunded',
] as const;
type Outcome = (typeof OTHERS)[number] | 'success' | 'failure';

export function DevelopmentForm({ orderId, price }: { orderId: string; price: string }) {
  const other = useSignal<(typeof OTHERS)[number]>('cancelled');
  /** The last one that was asked for; null after news of the order. */
  const asked = useSignal<{ readonly outcome: Outcome; readonly changes: number } | null>(null);
  const { isBusy, fault, run } = useWorking();
  const settle = (outcome: Outcome): void => {
    const changes = ordersChanged.value;
    run(
      () =>
        client
          .call('POST /v1/orders/{id}/development-payment', {
            path: { id: orderId },
            body: { outcome },
          })
          .catch((error: unknown) => {
            // A press before is under way; and what is paid meanwhile is told by the stream.
            if (isProblem(error, 'request-in-progress')) return;
            if (isProblem(error, 'order-not-payable')) return void ordersChanged.value++;
            throw error;
          }),
      () => (asked.value = { outcome, changes }),
    );
  };
  const isAsked = asked.value?.changes === ordersChanged.value;
  return (
    <div class="stack">
      <h2>{payText('development.title')}</h2>
      <p class="soft">{payText('development.text')}</p>
      <div class="row">
        <button
          class="button button-main button-large"
          type="button"
          aria-disabled={isBusy.value}
          onClick={() => settle('success')}
        >
          {text('order.pay', { price })}
        </button>
        <button
          class="button"
          type="button"
          aria-disabled={isBusy.value}
          onClick={() => settle('failure')}
        >
          {payText('development.decline')}
        </button>
      </div>
      <p role="status">
        {isAsked && payText(asked.value?.outcome === 'late' ? 'settlingLate' : 'settling')}
      </p>
      <Fault of={fault} />
      <details>
        <summary>{payText('development.more')}</summary>
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            settle(other.value);
          }}
        >
          <div class="field">
            <label for="outcome">{payText('development.outcome')}</label>
            <select
              class="input"
              id="outcome"
              value={other.value}
              onChange={({ currentTarget }) =>
                (other.value = OTHERS[currentTarget.selectedIndex] ?? 'cancelled')
              }
            >
              {OTHERS.map((one) => (
                <option key={one} value={one}>
                  {payText(`outcome.${one}`)}
                </option>
              ))}
            </select>
          </div>
          <button class="button" type="submit" aria-disabled={isBusy.value}>
            {payText('development.go')}
          </button>
        </form>
      </details>
    </div>
  );
}
