// The orders of a drop, filtered by status, with refunds and a file of all of them.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Order } from '../../sdk/api.ts';
import { DataTable } from '../shared/components/data-table.tsx';
import { Fault } from '../shared/components/fault.tsx';
import { Shown } from '../shared/components/parts.tsx';
import { momentText, numberText, text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { priceText } from '../shared/money.ts';
import { client, serverNow } from '../shared/server.ts';
import { studioText } from './texts.ts';
import { useWorking } from '../shared/working.ts';

const LIMIT = 20;
/** While a sale runs the list is read again at most so often. */
const REFRESH_MS = 3_000;
const STATUSES = [
  'reserved',
  'confirmed',
  'failed',
  'cancelled',
  'expired',
  'refunded',
] as const satisfies readonly Order['status'][];

export function OrdersTable({ dropId, version }: { dropId: string; version: number }) {
  const status = useSignal<Order['status'] | ''>('');
  const shownVersion = useSignal(version);
  const { isBusy, fault, run } = useWorking();
  const path = { id: dropId };
  const newest = useRef(version);
  newest.current = version;
  useEffect(() => {
    const timer = setInterval(() => (shownVersion.value = newest.current), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  const loaded = useLoaded(
    (signal) =>
      client.call('GET /v1/drops/{id}/orders', {
        path,
        query: { limit: LIMIT, ...(status.value !== '' && { status: status.value }) },
        signal,
      }),
    [dropId, status.value],
    [shownVersion.value],
  );
  const download = (): void =>
    run(async () => {
      const response = await client.open('GET /v1/drops/{id}/orders/export', { path });
      const link = document.createElement('a');
      link.href = URL.createObjectURL(await response.blob());
      link.download = `${dropId}.csv`;
      link.click();
      URL.revokeObjectURL(link.href);
    });
  return (
    <section class="stack studio-orders">
      <div class="row row-apart">
        <h2>{studioText('orders.title')}</h2>
        <div class="row">
          <label for="status">{studioText('orders.status')}</label>
          <select
            class="input studio-status"
            id="status"
            value={status.value}
            onChange={({ currentTarget }) => {
              status.value = STATUSES.find((one) => one === currentTarget.value) ?? '';
            }}
          >
            <option value="">{studioText('orders.all')}</option>
            {STATUSES.map((one) => (
              <option key={one} value={one}>
                {text(`order.status.${one}`)}
              </option>
            ))}
          </select>
          <button class="button" type="button" disabled={isBusy.value} onClick={download}>
            {studioText('orders.export')}
          </button>
        </div>
      </div>
      <Fault of={fault} />
      <Shown from={loaded} waiting={<div class="waiting studio-waiting" />}>
        {({ items }) =>
          items.length === 0 ? (
            <p class="soft">{studioText('orders.none')}</p>
          ) : (
            <DataTable
              label={studioText('orders.title')}
              heads={[
                studioText('orders.time'),
                studioText('orders.buyer'),
                studioText('orders.units'),
                studioText('orders.amount'),
                studioText('orders.status'),
                <span class="hidden">{studioText('orders.refund')}</span>,
              ]}
            >
              {items.map((order) => (
                <Row key={order.id} order={order} onRefunded={loaded.reload} />
              ))}
            </DataTable>
          )
        }
      </Shown>
    </section>
  );
}

function Row({ order, onRefunded }: { order: Order; onRefunded: () => void }) {
  const isAsked = useSignal(false);
  const { isBusy, fault, run } = useWorking();
  const price = priceText(order.totalAmount, order.currency);
  return (
    <tr>
      <td>{momentText(order.createdAt, serverNow())}</td>
      <td>{order.userId}</td>
      <td class="number">{numberText(order.quantity)}</td>
      <td class="number">{price}</td>
      <td>{text(`order.status.${order.status}`)}</td>
      <td>
        {order.status === 'confirmed' && (
          <button
            class={isAsked.value ? 'button button-main' : 'button'}
            type="button"
            disabled={isBusy.value}
            onClick={({ detail }) => {
              // The second click of a double one is no answer to the question.
              if (detail > 1) return;
              if (!isAsked.value) {
                isAsked.value = true;
                return;
              }
              const path = { id: order.id };
              run(() => client.call('POST /v1/orders/{id}/refund', { path }), onRefunded);
            }}
            onBlur={() => (isAsked.value = false)}
          >
            {isAsked.value
              ? studioText('orders.refund.sure', { price })
              : studioText('orders.refund')}
          </button>
        )}
        {fault.value}
      </td>
    </tr>
  );
}
