// One order: its payments and refunds, where it goes, and a refund of all of it or of a part.

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { Order, OrderDetails, OrderPayments, Payment } from '../../../sdk/api.ts';
import { Shown } from '../../shared/components/parts.tsx';
import { momentText, numberText } from '../../shared/language.ts';
import { useLoaded } from '../../shared/loaded.ts';
import { priceText } from '../../shared/money.ts';
import { client, serverNow } from '../../shared/server.ts';
import { nameOf } from './names.ts';
import { OrderRefundForm } from './order-refund-form.tsx';
import { leftOf } from './order-refund.ts';
import { numberOf } from './order-search.ts';
import { OrderState } from './order-state.tsx';
import { orderText } from './texts.ts';

interface OrderDialogProps {
  readonly order: Order;
  readonly onChange: (order: Order) => void;
  readonly onClose: () => void;
}

export function OrderDialog({ order: first, onChange, onClose }: OrderDialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const order = useSignal(first);
  const said = useSignal('');
  const { id, userId, createdAt, quantity, totalAmount, currency } = order.value;
  const left = leftOf(order.value);
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog class="order-dialog" ref={element} aria-labelledby={titleId} onClose={onClose}>
      <div class="stack">
        <div class="row row-apart">
          <h2 id={titleId}>{orderText('one.title', { id: numberOf(order.value) })}</h2>
          <button class="button" type="button" onClick={() => element.current?.close()}>
            {orderText('one.close')}
          </button>
        </div>
        <OrderState of={order.value} />
        <dl class="order-facts">
          <Fact name={orderText('id')}>{id}</Fact>
          <Fact name={orderText('buyer')}>
            {nameOf(userId)}
            {nameOf(userId) !== userId && <span class="soft small"> {userId}</span>}
          </Fact>
          <Fact name={orderText('time')}>{momentText(createdAt, serverNow())}</Fact>
          <Fact name={orderText('units')}>{numberText(quantity)}</Fact>
          <Fact name={orderText('amount')}>{priceText(totalAmount, currency)}</Fact>
          {left !== null && (
            <Fact name={orderText('one.left')}>{priceText(left.amount, currency)}</Fact>
          )}
        </dl>
        <Records order={order.value} />
        <p role="status">{said.value}</p>
        {left !== null && (
          <OrderRefundForm
            key={`${left.amount} ${left.units}`}
            order={order.value}
            left={left}
            onRefunded={(changed, price) => {
              order.value = changed;
              said.value = orderText('one.done', { price });
              onChange(changed);
            }}
          />
        )}
      </div>
    </dialog>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** What the server keeps beside the order; read again when the order changed. */
function Records({ order: { id, version, currency, hasDetails } }: { order: Order }) {
  const path = { id };
  const loaded = useLoaded(
    async (signal) => {
      const [payments, details] = await Promise.all([
        client.call('GET /v1/orders/{id}/payments', { path, signal }),
        hasDetails === true ? client.call('GET /v1/orders/{id}/details', { path, signal }) : null,
      ]);
      return { payments, details };
    },
    [id],
    [version],
  );
  return (
    <Shown from={loaded} waiting={<div class="waiting order-waiting" />}>
      {({ payments, details }) => (
        <>
          <Payments of={payments.items} />
          <Refunds of={payments.refunds} currency={currency} />
          {details !== null && <Address of={details} />}
        </>
      )}
    </Shown>
  );
}

function Payments({ of }: { of: readonly Payment[] }) {
  if (of.length === 0) return null;
  return (
    <section>
      <h3>{orderText('one.payments')}</h3>
      <ul class="order-records">
        {of.map(({ reference, status, amount, currency, dispute }) => (
          <li key={reference}>
            {priceText(amount, currency)}, {orderText(`payment.${status}`)}
            {dispute !== undefined &&
              `, ${orderText(`dispute.${dispute.status}`, {
                price: priceText(dispute.amount, dispute.currency),
              })}`}{' '}
            <span class="soft small">{reference}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Refunds({ of, currency }: { of: OrderPayments['refunds']; currency: string }) {
  if (of.length === 0) return null;
  return (
    <section>
      <h3>{orderText('one.refunds')}</h3>
      <ul class="order-records">
        {of.map(({ number, amount, quantity, reason, createdAt }) => (
          <li key={number}>
            {priceText(amount, currency)}, {orderText('units')}: {numberText(quantity)}
            {createdAt !== undefined && `, ${momentText(createdAt, serverNow())}`}
            {reason !== undefined && <span class="soft"> {reason}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Address({ of }: { of: OrderDetails }) {
  const { name, company, lines = [], postalCode, city, region, country, phone, email, note } = of;
  const place = [postalCode, city].filter((part) => part !== undefined).join(' ');
  const all = [name, company, ...lines, place, region, country, phone, email, note];
  return (
    <section>
      <h3>{orderText('one.details')}</h3>
      <address class="order-address">
        {all.filter((line) => line !== undefined && line !== '').join('\n')}
      </address>
    </section>
  );
}
