// The buyer's orders, and one of them.

import { Fragment } from 'preact';
import { useEffect } from 'preact/hooks';
import { PagedList } from '../shared/components/paged-list.tsx';
import { Badge, Empty } from '../shared/components/parts.tsx';
import { ShownView } from '../shared/components/shown-view.tsx';
import { momentText, text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { priceText } from '../shared/money.ts';
import { usePaged } from '../shared/paged.ts';
import { client, ordersChanged, serverNow } from '../shared/server.ts';
import { productNames } from './product-names.ts';
import { CountdownView } from '../shared/drop/countdown-view.tsx';
import type { Order } from '../shared/types.ts';

const LIMIT = 30;
const TONES = {
  reserved: 'warn',
  confirmed: 'good',
  failed: 'bad',
  cancelled: 'plain',
  expired: 'plain',
  refunded: 'plain',
} as const satisfies Record<Order['status'], string>;

export function Orders() {
  const paged = usePaged(
    async (cursor, signal) => {
      const page = await client.call('GET /v1/orders', { query: { limit: LIMIT, cursor }, signal });
      const names = await productNames(
        page.items.map(({ dropId }) => dropId),
        signal,
      );
      const items = page.items.map((order) => ({ order, name: names.get(order.dropId) }));
      return { ...page, items };
    },
    [],
    [ordersChanged.value],
  );
  useEffect(() => {
    document.title = `${text('orders.title')} · LiveDrops`;
  }, []);
  return (
    <div class="stack">
      <h1>{text('orders.title')}</h1>
      <PagedList
        of={paged}
        waiting={<div class="waiting drop-waiting-panel" />}
        empty={
          <Empty title={text('orders.empty.title')}>
            <p>{text('orders.empty.text')}</p>
          </Empty>
        }
      >
        {(orders) => (
          <ul class="stack" role="list">
            {orders.map(({ order, name }) => (
              <li key={order.id}>
                <a class="panel line-link order-line" href={`/orders/${order.id}`}>
                  <b class="order-name">{name}</b>
                  <b class="number">{priceText(order.totalAmount, order.currency)}</b>
                  <span class="row soft">
                    <span>{text('order.count', { n: order.quantity })}</span>
                    <span>{momentText(order.createdAt, serverNow())}</span>
                  </span>
                  <Badge tone={TONES[order.status]}>{text(`order.status.${order.status}`)}</Badge>
                </a>
              </li>
            ))}
          </ul>
        )}
      </PagedList>
    </div>
  );
}

export function OrderPage({ id }: { id: string }) {
  const loaded = useLoaded(
    async (signal) => {
      const order = await client.call('GET /v1/orders/{id}', { path: { id }, signal });
      const drop = await client.call('GET /v1/drops/{id}', { path: { id: order.dropId }, signal });
      const path = { id: drop.productId };
      const product = await client.call('GET /v1/products/{id}', { path, signal });
      if (order.refundedAmount === undefined) return { order, product, refunds: [] };
      const paid = await client.call('GET /v1/orders/{id}/payments', { path: { id }, signal });
      return { order, product, refunds: paid.refunds };
    },
    [id],
    [ordersChanged.value],
  );
  useEffect(() => {
    document.title = `${text('order.title', { id })} · LiveDrops`;
  }, [id]);
  return (
    <ShownView
      from={loaded}
      title={text('order.title', { id })}
      waiting={<div class="waiting drop-waiting-panel" />}
    >
      {({ order, product, refunds }) => (
        <article class="stack">
          <p>
            <Badge tone={TONES[order.status]}>{text(`order.status.${order.status}`)}</Badge>
          </p>
          <h1>{product.name}</h1>
          <dl class="facts panel">
            <dt>{text('order.number')}</dt>
            <dd class="number">{order.id}</dd>
            <dt>{text('drop.quantity')}</dt>
            <dd>{text('order.count', { n: order.quantity })}</dd>
            <dt>{text('order.price')}</dt>
            <dd class="number">{priceText(order.totalAmount, order.currency)}</dd>
            <dt>{text('order.when')}</dt>
            <dd>{momentText(order.createdAt, serverNow())}</dd>
            {refunds.map(({ number, amount, reason, createdAt }) => (
              <Fragment key={number}>
                <dt>{text('order.refund')}</dt>
                <dd>
                  <span class="number">{priceText(amount, order.currency)}</span>
                  {createdAt !== undefined && `, ${momentText(createdAt, serverNow())}`}
                  {reason !== undefined && `: ${reason}`}
                </dd>
              </Fragment>
            ))}
          </dl>
          {order.status === 'reserved' && order.holdExpiresAt !== undefined && (
            <p>
              {text('order.held.left')}: <CountdownView until={order.holdExpiresAt} />
            </p>
          )}
          <p class="row">
            {order.status === 'reserved' && (
              <a class="button button-main" href={`/orders/${order.id}/pay`}>
                {text('order.pay', { price: priceText(order.totalAmount, order.currency) })}
              </a>
            )}
            <a class="button" href={`/drops/${order.dropId}`}>
              {product.name}
            </a>
          </p>
        </article>
      )}
    </ShownView>
  );
}
