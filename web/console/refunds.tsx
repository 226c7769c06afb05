// Refunds that the provider did not take, and what to do about them.

import { useEffect } from 'preact/hooks';
import { Badge } from '../shared/components/parts.tsx';
import { momentText } from '../shared/language.ts';
import { priceText } from '../shared/money.ts';
import { client, serverNow } from '../shared/server.ts';
import { Action } from './action.tsx';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { consoleText } from './texts.ts';

const LOOK_MS = 3_000;

export function Refunds() {
  const polled = usePolled(
    (signal) =>
      client.call('GET /v1/operator/refunds', { query: { state: 'parked' }, signal, triesMax: 1 }),
    LOOK_MS,
  );
  useEffect(() => {
    document.title = `${consoleText('nav.refunds')} · ${consoleText('title')}`;
  }, []);
  return (
    <div class="stack">
      <h1>{consoleText('refunds.title')}</h1>
      <PolledView of={polled}>
        {({ items }) => (
          <>
            {items.length === 0 && <p class="soft">{consoleText('refunds.none')}</p>}
            <ul class="stack" role="list">
              {items.map(
                ({ id, orderId, amount, currency, reason, attempts, parkedAt, refused }) => (
                  <li class="panel stack" key={id}>
                    <div class="row row-apart">
                      <b class="number">{priceText(amount, currency)}</b>
                      <Badge tone={refused ? 'bad' : 'warn'}>
                        {consoleText('refunds.attempts', { n: attempts })}
                      </Badge>
                    </div>
                    <p>
                      {orderId} · {momentText(parkedAt, serverNow())}
                      <br />
                      <span class="soft">{reason}</span>
                    </p>
                    <div class="row">
                      <Action
                        label={consoleText('act.retry')}
                        command={`refunds retry ${id}`}
                        target={orderId}
                        run={async () => {
                          const path = { id };
                          await client.call('POST /v1/operator/refunds/{id}/retry', {
                            path,
                            body: {},
                          });
                          return consoleText('act.done');
                        }}
                      />
                    </div>
                  </li>
                ),
              )}
            </ul>
          </>
        )}
      </PolledView>
    </div>
  );
}
