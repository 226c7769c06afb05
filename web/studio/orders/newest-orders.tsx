// The newest orders of a sale as they come in, and the way to all of them.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { DataTable } from '../../shared/components/data-table.tsx';
import { Shown } from '../../shared/components/parts.tsx';
import { momentText, numberText } from '../../shared/language.ts';
import { useLoaded } from '../../shared/loaded.ts';
import { priceText } from '../../shared/money.ts';
import { client, serverNow } from '../../shared/server.ts';
import { nameOf, useNames } from './names.ts';
import { OrderState } from './order-state.tsx';
import { orderText } from './texts.ts';

const LIMIT = 10;
/** While a sale runs the list is read again at most so often. */
const REFRESH_MS = 3_000;

export function NewestOrders({ dropId, version }: { dropId: string; version: number }) {
  const shownVersion = useSignal(version);
  const newest = useRef(version);
  newest.current = version;
  useEffect(() => {
    const timer = setInterval(() => (shownVersion.value = newest.current), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  const loaded = useLoaded(
    (signal) => {
      const path = { id: dropId };
      return client.call('GET /v1/drops/{id}/orders', { path, query: { limit: LIMIT }, signal });
    },
    [dropId],
    [shownVersion.value],
  );
  const state = loaded.state.value;
  useNames(state.is === 'ready' ? state.value.items.map(({ userId }) => userId) : []);
  return (
    <section class="stack">
      <div class="row row-apart">
        <h2>{orderText('newest')}</h2>
        <a class="button" href={`/studio/drops/${dropId}/orders`}>
          {orderText('all')}
        </a>
      </div>
      <Shown from={loaded} waiting={<div class="waiting studio-waiting" />}>
        {({ items }) =>
          items.length === 0 ? (
            <p class="soft">{orderText('none.text')}</p>
          ) : (
            <DataTable
              label={orderText('newest')}
              heads={[
                orderText('time'),
                orderText('buyer'),
                orderText('units'),
                orderText('amount'),
                orderText('status'),
              ]}
            >
              {items.map((order) => (
                <tr key={order.id}>
                  <td>{momentText(order.createdAt, serverNow())}</td>
                  <td>{nameOf(order.userId)}</td>
                  <td class="number">{numberText(order.quantity)}</td>
                  <td class="number">{priceText(order.totalAmount, order.currency)}</td>
                  <td>
                    <OrderState of={order} />
                  </td>
                </tr>
              ))}
            </DataTable>
          )
        }
      </Shown>
    </section>
  );
}
