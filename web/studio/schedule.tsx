// The form that announces a drop, with what buyers will see and what is wrong with it.

import { useComputed, useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { LIMIT_PER_USER_MAX, STOCK_MAX } from '../../contracts/bounds.ts';
import { amountOf, isCurrency } from '../shared/amounts.ts';
import { Fault } from '../shared/components/fault.tsx';
import { Notice } from '../shared/components/parts.tsx';
import { momentText, numberText, text } from '../shared/language.ts';
import { priceText } from '../shared/money.ts';
import { client, serverNow } from '../shared/server.ts';
import type { StudioKey } from './messages/en.ts';
import { studioText } from './texts.ts';
import { useWorking } from '../shared/working.ts';

const HOUR_MS = 3_600_000;

export function Schedule({ productId }: { productId: string }) {
  const isNow = useSignal(false);
  const starts = useSignal(localText(serverNow() + HOUR_MS));
  const ends = useSignal(localText(serverNow() + 2 * HOUR_MS));
  const units = useSignal(100);
  const price = useSignal('');
  const currency = useSignal('EUR');
  const limit = useSignal(1);
  const payment = useSignal<'instant' | 'provider'>('instant');
  const { isBusy, fault, run } = useWorking();
  const { route } = useLocation();
  const amount = useComputed(() => amountOf(price.value, currency.value));
  const problem = useComputed<StudioKey | null>(() => {
    if (!isCurrency(currency.value)) return 'schedule.badCurrency';
    if (price.value !== '' && amount.value === null) return 'schedule.badPrice';
    const startsAt = isNow.value ? serverNow() : Date.parse(starts.value);
    if (!isNow.value && startsAt <= serverNow()) return 'schedule.startsPast';
    if (Date.parse(ends.value) <= startsAt) return 'schedule.endsFirst';
    return null;
  });
  const announce = (): void =>
    run(
      () =>
        client.call('POST /v1/products/{id}/drops', {
          path: { id: productId },
          body: {
            startsAt: new Date(isNow.value ? serverNow() : starts.value).toISOString(),
            endsAt: new Date(ends.value).toISOString(),
            stock: units.value,
            unitAmount: amount.value!,
            currency: currency.value,
            limitPerUser: limit.value,
            payment: payment.value,
          },
        }),
      ({ id }) => route(`/studio/drops/${id}`),
    );
  return (
    <form
      class="panel stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (problem.value === null && amount.value !== null) announce();
      }}
    >
      <h2>{studioText('schedule.title')}</h2>
      <label class="row">
        <input
          type="checkbox"
          checked={isNow.value}
          onChange={({ currentTarget }) => (isNow.value = currentTarget.checked)}
        />
        {studioText('schedule.now')}
      </label>
      <div class="studio-pair studio-moments">
        {!isNow.value && <Moment id="starts" label="schedule.starts" value={starts} />}
        <Moment id="ends" label="schedule.ends" value={ends} />
      </div>
      <p class="soft small">
        {studioText('schedule.zone', { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })}
      </p>
      <div class="studio-pair">
        <Count id="units" label="schedule.units" max={STOCK_MAX} value={units} />
        <Count id="limit" label="schedule.limit" max={LIMIT_PER_USER_MAX} value={limit} />
        <div class="field">
          <label for="price">{studioText('schedule.price')}</label>
          <input
            class="input number"
            id="price"
            inputMode="decimal"
            required
            autocomplete="off"
            value={price.value}
            onInput={({ currentTarget }) => (price.value = currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for="currency">{studioText('schedule.currency')}</label>
          <input
            class="input"
            id="currency"
            required
            maxLength={3}
            autocomplete="off"
            value={currency.value}
            onInput={({ currentTarget }) => (currency.value = currentTarget.value.toUpperCase())}
          />
        </div>
      </div>
      <div class="field">
        <label for="payment">{studioText('schedule.payment')}</label>
        <select
          class="input"
          id="payment"
          value={payment.value}
          onChange={({ currentTarget }) =>
            (payment.value = currentTarget.value === 'provider' ? 'provider' : 'instant')
          }
        >
          <option value="instant">{studioText('schedule.payment.instant')}</option>
          <option value="provider">{studioText('schedule.payment.provider')}</option>
        </select>
      </div>
      {problem.value === null && amount.value !== null && (
        <p class="notice">
          {studioText(isNow.value ? 'schedule.preview.now' : 'schedule.preview', {
            units: text('order.count', { n: units.value }),
            price: priceText(amount.value, currency.value),
            time: momentText(Date.parse(starts.value), serverNow()),
          })}
        </p>
      )}
      {problem.value !== null && <Notice tone="warn">{studioText(problem.value)}</Notice>}
      <Fault of={fault} />
      <button class="button button-main" type="submit" disabled={isBusy.value}>
        {studioText('schedule.go')}
      </button>
    </form>
  );
}

interface MomentProps {
  readonly id: string;
  readonly label: StudioKey;
  readonly value: { value: string };
}

function Moment({ id, label, value }: MomentProps) {
  return (
    <div class="field">
      <label for={id}>{studioText(label)}</label>
      <input
        class="input"
        id={id}
        type="datetime-local"
        step={1}
        required
        value={value.value}
        onInput={({ currentTarget }) => (value.value = currentTarget.value)}
      />
    </div>
  );
}

interface CountProps {
  readonly id: string;
  readonly label: StudioKey;
  readonly max: number;
  readonly value: { value: number };
}

function Count({ id, label, max, value }: CountProps) {
  return (
    <div class="field">
      <label for={id}>{studioText(label)}</label>
      <input
        class="input number"
        id={id}
        type="number"
        required
        min={1}
        max={max}
        title={numberText(max)}
        value={value.value}
        onInput={({ currentTarget }) => (value.value = currentTarget.valueAsNumber || 0)}
      />
    </div>
  );
}

/** As an input of the type `datetime-local` takes it: in the device's zone, without seconds. */
function localText(at: number): string {
  const date = new Date(at);
  const local = new Date(at - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
