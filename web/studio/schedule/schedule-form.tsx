// The form that announces a drop: what is wrong with it, when it is elsewhere, and how buyers will
// see it.

import { type Signal, useComputed, useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useMemo } from 'preact/hooks';
import { LIMIT_PER_USER_MAX, STOCK_MAX } from '../../../contracts/bounds.ts';
import type { Product } from '../../../sdk/api.ts';
import { amountOf } from '../../shared/amounts.ts';
import { Choice } from '../../shared/components/choice.tsx';
import { Fault } from '../../shared/components/fault.tsx';
import { Notice } from '../../shared/components/parts.tsx';
import { momentText, numberText, text } from '../../shared/language.ts';
import { priceText } from '../../shared/money.ts';
import { client, serverNow } from '../../shared/server.ts';
import { useWorking } from '../../shared/working.ts';
import { findingsOf } from './checks.ts';
import { DropPreview } from './drop-preview.tsx';
import type { ScheduleKey } from './messages/en.ts';
import { scheduleText } from './texts.ts';
import { ownZone, zonedText, zoneNames } from './zones.ts';

const HOUR_MS = 3_600_000;

export function ScheduleForm({ product }: { product: Product }) {
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
  const startsAt = isNow.value ? serverNow() : Date.parse(starts.value);
  const endsAt = Date.parse(ends.value);
  const findings = findingsOf(
    {
      startsAt,
      endsAt,
      isNow: isNow.value,
      units: units.value,
      limit: limit.value,
      price: price.value,
      amount: amount.value,
      currency: currency.value,
      hasPicture: product.picture !== undefined,
      hasText: product.description !== '',
    },
    serverNow(),
  );
  const isRight = !findings.some(({ isFault }) => isFault);
  const announce = (): void =>
    run(
      () =>
        client.call('POST /v1/products/{id}/drops', {
          path: { id: product.id },
          body: {
            startsAt: new Date(isNow.value ? serverNow() : startsAt).toISOString(),
            endsAt: new Date(endsAt).toISOString(),
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
    <div class="stack">
      <form
        class="panel stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isRight) announce();
        }}
      >
        <h2>{scheduleText('title')}</h2>
        <label class="studio-switch">
          <input
            type="checkbox"
            checked={isNow.value}
            onChange={({ currentTarget }) => (isNow.value = currentTarget.checked)}
          />
          {scheduleText('now')}
        </label>
        <div class="studio-pair studio-moments">
          {!isNow.value && <Moment id="starts" label="starts" value={starts} />}
          <Moment id="ends" label="ends" value={ends} />
        </div>
        <Zones startsAt={isNow.value ? null : startsAt} endsAt={endsAt} />
        <div class="studio-pair">
          <Count id="units" label="units" max={STOCK_MAX} value={units} />
          <Count id="limit" label="limit" max={LIMIT_PER_USER_MAX} value={limit} />
          <Typed id="price" label="price" isDecimal value={price} />
          <Typed id="currency" label="currency" maxLength={3} value={currency} />
        </div>
        <Choice
          label={scheduleText('payment')}
          of={payment}
          choices={[
            ['instant', scheduleText('payment.instant')],
            ['provider', scheduleText('payment.provider')],
          ]}
        />
        <section class="schedule-checks" aria-label={scheduleText('checks.title')}>
          <h3>{scheduleText('checks.title')}</h3>
          {findings.map(({ key, isFault }) => (
            <Notice key={key} tone={isFault ? 'bad' : 'warn'}>
              {scheduleText(key)}
            </Notice>
          ))}
          {isRight && (
            <Notice tone="good">
              {findings.length === 0 && `${scheduleText('checks.good')} `}
              {scheduleText(isNow.value ? 'summary.now' : 'summary', {
                units: text('order.count', { n: units.value }),
                price: priceText(amount.value!, currency.value),
                time: momentText(startsAt, serverNow()),
              })}
            </Notice>
          )}
        </section>
        <Fault of={fault} />
        <button
          class="button button-main"
          type="submit"
          disabled={!isRight}
          aria-disabled={isBusy.value}
        >
          {scheduleText('go')}
        </button>
      </form>
      {isRight && (
        <DropPreview
          product={product}
          startsAt={isNow.value ? null : startsAt}
          endsAt={endsAt}
          amount={amount.value!}
          currency={currency.value}
          units={units.value}
          limit={limit.value}
        />
      )}
    </div>
  );
}

interface ZonesProps {
  /** Null: it starts at once. */
  readonly startsAt: number | null;
  readonly endsAt: number;
}

/** The moments in another zone as well, where followers may be. */
function Zones({ startsAt, endsAt }: ZonesProps) {
  const names = useMemo(zoneNames, []);
  const zone = useSignal('UTC');
  const moment = (at: number): string =>
    Number.isNaN(at) ? '–' : zonedText(at, zone.value, document.documentElement.lang);
  return (
    <>
      <p class="soft small">{scheduleText('zone', { zone: ownZone() })}</p>
      <Choice
        label={scheduleText('zone.other')}
        of={zone}
        choices={names.map((name) => [name, name.replaceAll('_', ' ')] as const)}
      />
      <dl class="schedule-moments">
        {startsAt !== null && (
          <>
            <dt>{scheduleText('starts')}</dt>
            <dd>{moment(startsAt)}</dd>
          </>
        )}
        <dt>{scheduleText('ends')}</dt>
        <dd>{moment(endsAt)}</dd>
      </dl>
    </>
  );
}

interface InputProps<T> {
  readonly id: string;
  readonly label: ScheduleKey;
  readonly value: Signal<T>;
}

function Moment({ id, label, value }: InputProps<string>) {
  return (
    <div class="field">
      <label for={id}>{scheduleText(label)}</label>
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

function Count({ id, label, max, value }: InputProps<number> & { readonly max: number }) {
  return (
    <div class="field">
      <label for={id}>{scheduleText(label)}</label>
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

interface TypedProps extends InputProps<string> {
  readonly isDecimal?: boolean;
  readonly maxLength?: number;
}

/** In capitals, which digits have not. */
function Typed({ id, label, isDecimal = false, maxLength, value }: TypedProps) {
  return (
    <div class="field">
      <label for={id}>{scheduleText(label)}</label>
      <input
        class="input number"
        id={id}
        inputMode={isDecimal ? 'decimal' : 'text'}
        required
        maxLength={maxLength}
        autocomplete="off"
        value={value.value}
        onInput={({ currentTarget }) => (value.value = currentTarget.value.toUpperCase())}
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
