// The stock, the button, and what became of the press.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { PASS_LENGTH_MAX } from '../../../contracts/bounds.ts';
import { Notice } from '../../shared/components/parts.tsx';
import { momentText, numberText, text } from '../../shared/language.ts';
import type { MessageKey } from '../../shared/messages/en.ts';
import { priceText } from '../../shared/money.ts';
import { serverNow } from '../../shared/server.ts';
import type { Drop, Order, ProblemCodeOf } from '../../shared/types.ts';
import { CountdownView } from '../../shared/drop/countdown-view.tsx';
import { mayBuy, type Phase, type Press } from '../../shared/drop/phase.ts';

interface BuyPanelProps {
  readonly drop: Drop;
  readonly order: Order | null;
  readonly phase: Phase;
  readonly press: Press;
  readonly isBuyer: boolean;
  readonly onBuy: (quantity: number, pass: string | undefined) => void;
  readonly onCancel: () => void;
}

const REFUSALS: Partial<Record<ProblemCodeOf, MessageKey>> = {
  'sold-out': 'buy.soldOut',
  'insufficient-stock': 'buy.insufficient',
  'limit-per-user': 'buy.limit',
  'drop-not-live': 'buy.notLive',
  'drop-ended': 'drop.ended',
  'drop-paused': 'drop.paused',
  'pass-invalid': 'buy.passInvalid',
  'pass-used': 'buy.passUsed',
  'pass-required': 'buy.passNeeded',
  'pass-not-yet': 'buy.passInvalid',
};

/** Of orders that are over, what is said of them. */
const ENDS: Partial<Record<Order['status'], MessageKey>> = {
  cancelled: 'order.cancelled',
  expired: 'order.expired',
  failed: 'order.failed',
};

/** For screen readers: what became of the press, in a place that is always there. */
const SAID: Partial<Record<Phase, MessageKey>> = {
  asking: 'buy.asking',
  held: 'order.held',
  yours: 'order.yours',
};

export function BuyPanel(props: BuyPanelProps) {
  const { drop, order, phase, press } = props;
  return (
    <section class="panel stack buy">
      <Stock drop={drop} />
      <OrderState {...props} />
      {order !== null && ENDS[order.status] !== undefined && press.is === 'none' && (
        <Notice tone="warn">{text(ENDS[order.status]!)}</Notice>
      )}
      {order?.status === 'refunded' && (
        <Notice tone="plain">
          {text('order.refunded', { price: priceText(order.totalAmount, order.currency) })}
        </Notice>
      )}
      {phase === 'sold-out' && drop.held > 0 && (
        <p class="soft">
          {text('drop.held', { n: drop.held })}. {text('drop.backMaybe')}
        </p>
      )}
      {phase === 'paused' && <Notice tone="warn">{text('drop.paused')}</Notice>}
      {phase === 'cancelled' && <Notice tone="warn">{text('drop.cancelled')}</Notice>}
      {phase === 'ended' && <p class="soft">{text('drop.ended')}</p>}
      {press.is === 'refused' && phase !== 'sold-out' && (
        <Notice tone="warn" isUrgent>
          {REFUSALS[press.code] === undefined ? press.said : text(REFUSALS[press.code]!)}
        </Notice>
      )}
      <p class="hidden" role="status">
        {SAID[phase] !== undefined && text(SAID[phase])}
      </p>
      <Buttons {...props} />
    </section>
  );
}

function Stock({ drop: { status, free, stocked } }: { drop: Drop }) {
  if (status === 'upcoming') {
    return <p class="soft">{text('drop.units', { n: stocked })}</p>;
  }
  if (status !== 'live') return null;
  const share = stocked === 0 ? 0 : free / stocked;
  return (
    <div class="stack buy-stock">
      <p class="buy-left">
        <b class="number">{numberText(free)}</b>
        <span class="soft">{text('drop.ofLeft', { stocked })}</span>
      </p>
      <div class="meter" aria-hidden="true">
        <span style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  );
}

function OrderState({ order, phase, press, onCancel }: BuyPanelProps) {
  const title = useRef<HTMLHeadingElement>(null);
  const before = useRef(phase);
  useEffect(() => {
    const wasPressed = before.current === 'asking' || before.current === 'unsure';
    before.current = phase;
    // The button that was pressed is gone.
    if (wasPressed && document.activeElement === document.body) title.current?.focus();
  }, [phase]);
  if (phase === 'asking') return <p aria-hidden="true">{text('buy.asking')}…</p>;
  if (phase === 'unsure') {
    return (
      <Notice tone="warn" isUrgent>
        {text('buy.unsure')}
      </Notice>
    );
  }
  if (order === null || press.is === 'asking') return null;
  const price = priceText(order.totalAmount, order.currency);
  if (phase === 'yours') {
    return (
      <div class="notice notice-good stack">
        <h2 tabIndex={-1} ref={title}>
          {text('order.yours')}
        </h2>
        <p>{text('order.yours.text', { id: order.id, price })}</p>
        <a href={`/orders/${order.id}`}>{text('order.see')}</a>
      </div>
    );
  }
  if (phase !== 'held') return null;
  return (
    <div class="notice notice-warn stack">
      <h2 tabIndex={-1} ref={title}>
        {text('order.held')}
      </h2>
      {order.holdExpiresAt !== undefined && (
        <>
          <p>
            {text('order.held.text', { price, time: momentText(order.holdExpiresAt, serverNow()) })}
          </p>
          <p>
            {text('order.held.left')}: <CountdownView until={order.holdExpiresAt} />
          </p>
        </>
      )}
      <div class="row">
        <a class="button button-main button-large" href={`/orders/${order.id}/pay`}>
          {text('order.pay', { price })}
        </a>
        <button class="button" type="button" onClick={onCancel}>
          {text('order.cancel')}
        </button>
      </div>
    </div>
  );
}

function Buttons({ drop, phase, isBuyer, onBuy }: BuyPanelProps) {
  const quantity = useSignal(1);
  const pass = useSignal('');
  if (phase === 'held' || phase === 'yours' || phase === 'ended' || phase === 'cancelled')
    return null;
  const needsPass = drop.access === 'pass';
  const price = drop.unitAmount * quantity.value;
  const label = labelOf(
    phase,
    mayBuy(phase, drop),
    isBuyer,
    price === 0 ? null : priceText(price, drop.currency),
  );
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (mayBuy(phase, drop)) onBuy(quantity.value, pass.value.trim() || undefined);
      }}
    >
      {drop.limitPerUser > 1 && (
        <div class="field">
          <label for="quantity">{text('drop.quantity')}</label>
          <select
            class="input"
            id="quantity"
            value={quantity.value}
            onChange={({ currentTarget }) => (quantity.value = Number(currentTarget.value))}
          >
            {Array.from({ length: Math.min(drop.limitPerUser, 10) }, (_, i) => (
              <option key={i} value={i + 1}>
                {numberText(i + 1)}
              </option>
            ))}
          </select>
        </div>
      )}
      {needsPass && (
        <div class="field">
          <label for="pass">{text('drop.pass')}</label>
          <input
            class="input"
            id="pass"
            autocomplete="off"
            maxLength={PASS_LENGTH_MAX}
            value={pass.value}
            onInput={({ currentTarget }) => (pass.value = currentTarget.value)}
          />
        </div>
      )}
      <button
        class="button button-main button-large"
        type="submit"
        aria-disabled={mayBuy(phase, drop) ? undefined : 'true'}
      >
        {label}
      </button>
    </form>
  );
}

/** `price` is null where the drop costs nothing. */
function labelOf(
  phase: Phase,
  isOpenEarly: boolean,
  isBuyer: boolean,
  price: string | null,
): string {
  switch (phase) {
    case 'upcoming':
      if (!isOpenEarly) return text('buy.waits');
      break;
    case 'sold-out':
      return text('buy.soldOut');
    case 'paused':
      return text('status.paused');
    case 'asking':
      return `${text('buy.asking')}…`;
    case 'unsure':
      return text('buy.again');
    default:
  }
  if (!isBuyer) return text('buy.logIn');
  return price === null ? text('buy.free') : text('buy', { price });
}
