// Refunds that the provider did not take, what to do about them, and payments to look at.

import { useSignal } from '@preact/signals';
import { REFUND_REASON_LENGTH_MAX } from '../../contracts/bounds.ts';
import type { ParkedRefund, PaymentProblem } from '../../sdk/api.ts';
import { Choice } from '../shared/components/choice.tsx';
import { DataTable } from '../shared/components/data-table.tsx';
import { Badge } from '../shared/components/parts.tsx';
import { momentText } from '../shared/language.ts';
import { priceText } from '../shared/money.ts';
import { client, serverNow } from '../shared/server.ts';
import { Action } from './action.tsx';
import { option } from './command-line.ts';
import { Pager } from './pager.tsx';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { consoleText } from './texts.ts';
import { useTitle } from './title.ts';

const LOOK_MS = 3_000;
const LIMIT = 50;
const REFUND_TONES = {
  parked: 'bad',
  retrying: 'warn',
  done: 'good',
  dismissed: 'plain',
} as const satisfies Record<ParkedRefund['state'], string>;
type RefundState = ParkedRefund['state'];
const PROBLEM_KINDS = ['rejected', 'disputed', 'voided'] as const satisfies readonly string[];

export function Payments() {
  useTitle(consoleText('nav.payments'));
  return (
    <div class="stack stack-l">
      <h1>{consoleText('nav.payments')}</h1>
      <Refunds />
      <Problems />
    </div>
  );
}

function Refunds() {
  const state = useSignal<RefundState>('parked');
  const cursor = useSignal<string | null>(null);
  const polled = usePolled(
    (signal) => {
      const query = {
        state: state.value,
        limit: LIMIT,
        ...(cursor.value !== null && { cursor: cursor.value }),
      };
      return client.call('GET /v1/operator/refunds', { query, signal, triesMax: 1 });
    },
    LOOK_MS,
    [state.value, cursor.value],
  );
  return (
    <section class="stack">
      <div class="row row-apart">
        <h2>{consoleText('refunds.title')}</h2>
        <Choice
          label={consoleText('refunds.state')}
          of={state}
          choices={(Object.keys(REFUND_TONES) as RefundState[]).map(
            (one) => [one, consoleText(`refund.${one}`)] as const,
          )}
          onChange={() => (cursor.value = null)}
        />
      </div>
      <PolledView of={polled}>
        {({ items, nextCursor }) => (
          <>
            {items.length === 0 && <p class="soft">{consoleText('refunds.none')}</p>}
            <ul class="stack" role="list">
              {items.map((refund) => (
                <Refund key={refund.id} of={refund} />
              ))}
            </ul>
            <Pager cursor={cursor} next={nextCursor} />
          </>
        )}
      </PolledView>
    </section>
  );
}

function Refund({ of }: { of: ParkedRefund }) {
  const { id, orderId, amount, currency, state, reason, attempts, parkedAt, refused } = of;
  return (
    <li class="panel stack">
      <div class="row row-apart">
        <b class="number">{priceText(amount, currency)}</b>
        <Badge tone={REFUND_TONES[state]}>{consoleText(`refund.${state}`)}</Badge>
      </div>
      <p>
        {consoleText('refunds.order', { id: orderId })} · {momentText(parkedAt, serverNow())} ·{' '}
        {consoleText('refunds.attempts', { n: attempts })}
        <br />
        <span class="soft">{of.dismissal ?? reason}</span>
        {refused && state === 'parked' && (
          <>
            <br />
            {consoleText('refunds.refused')}
          </>
        )}
      </p>
      {state === 'parked' && (
        <div class="row">
          <Action
            label={consoleText('act.retry')}
            command={`refunds retry ${id}`}
            target={orderId}
            run={async () => {
              const { refund } = await client.call('POST /v1/operator/refunds/{id}/retry', {
                path: { id },
                body: {},
              });
              return consoleText(`refund.${refund.state}`);
            }}
          />
          <Action
            label={consoleText('act.dismiss')}
            command={({ reason: why }) => `refunds dismiss ${id}${option('reason', why)}`}
            target={orderId}
            fields={[
              {
                name: 'reason',
                label: consoleText('refunds.why'),
                isRequired: true,
                maxLength: REFUND_REASON_LENGTH_MAX,
              },
            ]}
            run={async ({ reason: why }) => {
              const { refund } = await client.call('POST /v1/operator/refunds/{id}/dismiss', {
                path: { id },
                body: { reason: why!.trim() },
              });
              return consoleText(`refund.${refund.state}`);
            }}
          />
        </div>
      )}
    </li>
  );
}

function Problems() {
  const kind = useSignal<PaymentProblem['kind'] | ''>('');
  const open = useSignal<'open' | 'all'>('open');
  const cursor = useSignal<string | null>(null);
  const polled = usePolled(
    (signal) => {
      const query = {
        limit: LIMIT,
        ...(kind.value !== '' && { kind: kind.value }),
        ...(open.value === 'open' && { open: true }),
        ...(cursor.value !== null && { cursor: cursor.value }),
      };
      return client.call('GET /v1/operator/payment-problems', { query, signal, triesMax: 1 });
    },
    LOOK_MS,
    [kind.value, open.value, cursor.value],
  );
  const restart = (): void => {
    cursor.value = null;
  };
  return (
    <section class="stack">
      <h2>{consoleText('problems.title')}</h2>
      <p class="soft">{consoleText('problems.text')}</p>
      <div class="row">
        <Choice
          label={consoleText('problems.kind')}
          of={kind}
          choices={[
            ['', consoleText('all')],
            ...PROBLEM_KINDS.map((one) => [one, consoleText(`problem.${one}`)] as const),
          ]}
          onChange={restart}
        />
        <Choice
          label={consoleText('problems.which')}
          of={open}
          choices={[
            ['open', consoleText('problems.open')],
            ['all', consoleText('all')],
          ]}
          onChange={restart}
        />
      </div>
      <PolledView of={polled}>
        {({ items, nextCursor }) => (
          <>
            {items.length === 0 ? (
              <p class="soft">{consoleText('problems.none')}</p>
            ) : (
              <DataTable
                label={consoleText('problems.title')}
                heads={[
                  consoleText('problems.kind'),
                  consoleText('problems.order'),
                  consoleText('problems.paid'),
                  consoleText('problems.ofOrder'),
                  consoleText('problems.outcome'),
                  consoleText('audit.time'),
                ]}
              >
                {items.map((problem) => (
                  <tr key={problem.id}>
                    <td>
                      <Badge tone={problem.open ? 'bad' : 'plain'}>
                        {consoleText(`problem.${problem.kind}`)}
                      </Badge>
                    </td>
                    <td>
                      {problem.orderId}
                      <br />
                      <span class="soft small">{problem.reference}</span>
                    </td>
                    <td class="number">{priceText(problem.amount, problem.currency)}</td>
                    <td class="number">{priceText(problem.orderAmount, problem.orderCurrency)}</td>
                    <td>{problem.outcome ?? problem.reason ?? '–'}</td>
                    <td>{momentText(problem.openedAt, serverNow())}</td>
                  </tr>
                ))}
              </DataTable>
            )}
            <Pager cursor={cursor} next={nextCursor} />
          </>
        )}
      </PolledView>
    </section>
  );
}
