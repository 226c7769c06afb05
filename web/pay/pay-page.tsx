// An order that is held: what it costs, until when, and the way to pay. Its state comes from the
// server alone: the page says "yours" of an order that is confirmed there.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { isProblem } from '../../sdk/errors.ts';
import { Notice, Picture } from '../shared/components/parts.tsx';
import { ShownView } from '../shared/components/shown-view.tsx';
import { CountdownView } from '../shared/drop/countdown-view.tsx';
import { momentText, text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import type { MessageKey } from '../shared/messages/en.ts';
import { priceText } from '../shared/money.ts';
import { client, isClockKnown, ordersChanged, serverNow } from '../shared/server.ts';
import type { BuyerPayment, Order, Product } from '../shared/types.ts';
import { DevelopmentForm } from './development-form.tsx';
import type { PayKey } from './messages/en.ts';
import { StripeForm } from './stripe-form.tsx';
import { payText } from './texts.ts';

interface PayPageData {
  readonly order: Order;
  readonly product: Product;
  /** Null where nothing is to be paid any more. */
  readonly payment: BuyerPayment | null;
  /** An attempt was declined, and another one may succeed. */
  readonly wasDeclined: boolean;
}

/** What is said of an order that is not to be paid. */
const ENDS = {
  confirmed: ['good', 'order.yours'],
  failed: ['bad', 'order.failed'],
  cancelled: ['warn', 'order.cancelled'],
  expired: ['warn', 'order.expired'],
} as const satisfies Partial<
  Record<Order['status'], readonly ['good' | 'bad' | 'warn', MessageKey]>
>;

const MARKS = [
  [60_000, 'minute'],
  [10_000, 'tenSeconds'],
] as const satisfies readonly (readonly [number, PayKey])[];

/** The server ends a hold a moment after its time: then there is news of it. */
const AFTER_END_MS = 1_000;
const WAIT_MAX_MS = 2 ** 31 - 1;

async function load(id: string, signal: AbortSignal): Promise<PayPageData> {
  const path = { id };
  const order = await client.call('GET /v1/orders/{id}', { path, signal });
  const drop = await client.call('GET /v1/drops/{id}', { path: { id: order.dropId }, signal });
  const isHeld = order.status === 'reserved';
  const [product, payment, payments] = await Promise.all([
    client.call('GET /v1/products/{id}', { path: { id: drop.productId }, signal }),
    isHeld ? payable(id, signal) : null,
    client.call('GET /v1/orders/{id}/payments', { path, signal }),
  ]);
  const wasDeclined = payments.items.some(({ status }) => status === 'failed');
  return { order, product, payment, wasDeclined };
}

/** Null where the hold has ended meanwhile. */
async function payable(id: string, signal: AbortSignal): Promise<BuyerPayment | null> {
  try {
    return await client.call('GET /v1/orders/{id}/payment', { path: { id }, signal });
  } catch (error) {
    if (isProblem(error, 'order-not-payable')) return null;
    throw error;
  }
}

export function PayPage({ id }: { id: string }) {
  const ended = useSignal(0);
  const loaded = useLoaded((signal) => load(id, signal), [id], [ordersChanged.value, ended.value]);
  useEffect(() => {
    document.title = `${payText('title')} · LiveDrops`;
  }, []);
  return (
    <ShownView
      from={loaded}
      title={payText('title')}
      waiting={<div class="waiting drop-waiting-panel" />}
    >
      {(data) => <Payment {...data} onEnd={() => (ended.value += 1)} />}
    </ShownView>
  );
}

function Payment(props: PayPageData & { readonly onEnd: () => void }) {
  const { order, product, payment, wasDeclined, onEnd } = props;
  const price = priceText(order.totalAmount, order.currency);
  const isPayable = order.status === 'reserved' && payment !== null;
  const wasPayable = useRef(isPayable);
  if (isPayable) wasPayable.current = true;
  return (
    <article class="stack pay">
      <div class="row">
        <div class="pay-picture">
          <Picture of={product.picture} name={product.name} turn="first" />
        </div>
        <div>
          <h1>{product.name}</h1>
          <p class="soft">
            {text('order.count', { n: order.quantity })} · <b class="number">{price}</b>
          </p>
        </div>
      </div>
      {isPayable ? (
        <section class="panel stack">
          <Deadline until={payment.holdExpiresAt} price={price} onEnd={onEnd} />
          {wasDeclined && (
            <Notice tone="warn" isUrgent>
              {text('order.declined')}
            </Notice>
          )}
          <Means order={order} payment={payment} price={price} />
        </section>
      ) : (
        <End order={order} price={price} isNews={wasPayable.current} />
      )}
      <p class="row">
        <a class="button" href={`/drops/${order.dropId}`}>
          {payText('back')}
        </a>
        <a href={`/orders/${order.id}`}>{text('order.see')}</a>
      </p>
    </article>
  );
}

interface EndProps {
  readonly order: Order;
  readonly price: string;
  /** It was to be paid a moment ago. */
  readonly isNews: boolean;
}

function End({ order, price, isNews }: EndProps) {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // The button that was pressed is gone.
    if (isNews && document.activeElement === document.body) title.current?.focus();
  }, []);
  const { status } = order;
  const [tone, key] =
    status in ENDS ? ENDS[status as keyof typeof ENDS] : (['plain', null] as const);
  return (
    <div class={`notice notice-${tone} stack`} role="status">
      <h2 tabIndex={-1} ref={title}>
        {key === null ? text('order.refunded', { price }) : text(key)}
      </h2>
      {status === 'confirmed' && <p>{text('order.yours.text', { id: order.id, price })}</p>}
    </div>
  );
}

interface DeadlineProps {
  readonly until: string;
  readonly price: string;
  readonly onEnd: () => void;
}

/** The end of the hold: shown, and said a minute and ten seconds before. */
function Deadline({ until, price, onEnd }: DeadlineProps) {
  const said = useSignal('');
  const isKnown = isClockKnown.value;
  useEffect(() => {
    const after = (at: number, work: () => void) => {
      const waitMs = at - serverNow();
      return waitMs > 0 && waitMs < WAIT_MAX_MS ? setTimeout(work, waitMs) : undefined;
    };
    const end = Date.parse(until);
    const timers = MARKS.map(([leftMs, key]) =>
      after(end - leftMs, () => (said.value = payText(key))),
    );
    timers.push(after(end + AFTER_END_MS, onEnd));
    return () => timers.forEach((timer) => clearTimeout(timer));
  }, [until, isKnown]);
  return (
    <div class="stack">
      <p>{text('order.held.text', { price, time: momentText(until, serverNow()) })}</p>
      <p>
        {text('order.held.left')}: <CountdownView until={until} class="pay-left" />
      </p>
      <p class="hidden" role="status">
        {said.value}
      </p>
    </div>
  );
}

interface MeansProps {
  readonly order: Order;
  readonly payment: BuyerPayment;
  readonly price: string;
}

function Means({ order, payment, price }: MeansProps) {
  if (payment.status === 'preparing') return <p role="status">{payText('preparing')}</p>;
  if (payment.provider === 'development')
    return <DevelopmentForm orderId={order.id} price={price} />;
  const { provider, reference, clientSecret, publishableKey } = payment;
  if (provider === 'stripe' && clientSecret !== undefined && publishableKey !== undefined)
    return (
      <StripeForm
        key={clientSecret}
        clientSecret={clientSecret}
        publishableKey={publishableKey}
        price={price}
      />
    );
  return <p>{payText('other', { provider, reference })}</p>;
}
