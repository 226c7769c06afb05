// Rows of orders: those that can be refunded can be chosen, and each can be opened.

import type { Signal } from '@preact/signals';
import type { Order } from '../../../sdk/api.ts';
import { DataTable } from '../../shared/components/data-table.tsx';
import { momentText, numberText } from '../../shared/language.ts';
import { priceText } from '../../shared/money.ts';
import { serverNow } from '../../shared/server.ts';
import { nameOf } from './names.ts';
import { leftOf } from './order-refund.ts';
import { numberOf } from './order-search.ts';
import { OrderState } from './order-state.tsx';
import { orderText } from './texts.ts';

interface OrderListProps {
  readonly orders: readonly Order[];
  readonly chosen: Signal<readonly Order[]>;
  readonly onOpen: (order: Order) => void;
  readonly onBuyer: (userId: string) => void;
}

export function OrderList({ orders, chosen, onOpen, onBuyer }: OrderListProps) {
  const ids = new Set(chosen.value.map(({ id }) => id));
  const refundable = orders.filter((order) => leftOf(order) !== null);
  const isAll = refundable.length > 0 && refundable.every(({ id }) => ids.has(id));
  const choose = (some: readonly Order[], isChosen: boolean): void => {
    const changed = new Set(some.map(({ id }) => id));
    const others = chosen.value.filter(({ id }) => !changed.has(id));
    chosen.value = isChosen ? [...others, ...some] : others;
  };
  return (
    <DataTable
      label={orderText('title')}
      heads={[
        <input
          type="checkbox"
          class="order-check"
          aria-label={orderText('choose.all')}
          checked={isAll}
          disabled={refundable.length === 0}
          onInput={({ currentTarget }) => choose(refundable, currentTarget.checked)}
        />,
        orderText('id'),
        orderText('time'),
        orderText('buyer'),
        orderText('units'),
        orderText('amount'),
        orderText('status'),
        <span class="hidden">{orderText('open')}</span>,
      ]}
    >
      {orders.map((order) => (
        <tr key={order.id}>
          <td>
            <input
              type="checkbox"
              class="order-check"
              aria-label={orderText('choose', { id: numberOf(order) })}
              checked={ids.has(order.id)}
              disabled={leftOf(order) === null}
              onInput={({ currentTarget }) => choose([order], currentTarget.checked)}
            />
          </td>
          <td class="number">#{numberOf(order)}</td>
          <td>{momentText(order.createdAt, serverNow())}</td>
          <td>
            <button class="order-buyer" type="button" onClick={() => onBuyer(order.userId)}>
              {nameOf(order.userId)}
            </button>
          </td>
          <td class="number">{numberText(order.quantity)}</td>
          <td class="number">{priceText(order.totalAmount, order.currency)}</td>
          <td>
            <OrderState of={order} />
          </td>
          <td>
            <button
              class="button order-open"
              type="button"
              aria-label={`${orderText('open')}: ${numberOf(order)}`}
              onClick={() => onOpen(order)}
            >
              {orderText('open')}
            </button>
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
