// The ledger: how much is signed, by which keys, and the newest checkpoint.

import { useEffect } from 'preact/hooks';
import type { LedgerStatus } from '../../sdk/api.ts';
import { isProblem } from '../../sdk/errors.ts';
import { Badge } from '../shared/components/parts.tsx';
import { momentText, numberText } from '../shared/language.ts';
import { client, serverNow } from '../shared/server.ts';
import { OrderProof } from './order-proof.tsx';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { consoleText } from './texts.ts';

const LOOK_MS = 2_000;

export function Ledger() {
  const polled = usePolled(async (signal) => {
    try {
      return { status: await client.call('GET /v1/operator/ledger', { signal, triesMax: 1 }) };
    } catch (error) {
      if (isProblem(error, 'not-found')) return { status: null };
      throw error;
    }
  }, LOOK_MS);
  useEffect(() => {
    document.title = `${consoleText('nav.ledger')} · ${consoleText('title')}`;
  }, []);
  return (
    <div class="stack">
      <h1>{consoleText('ledger.title')}</h1>
      <PolledView of={polled}>
        {({ status }) =>
          status === null ? (
            <p class="soft">{consoleText('ledger.none')}</p>
          ) : (
            <>
              <Status {...status} />
              <OrderProof />
            </>
          )
        }
      </PolledView>
    </div>
  );
}

function Status({ size, behind, signedAt, keys, checkpoint }: LedgerStatus) {
  return (
    <>
      <dl class="console-facts panel">
        <dt>{consoleText('ledger.size')}</dt>
        <dd class="number">{numberText(size)}</dd>
        <dt>{consoleText('ledger.behind')}</dt>
        <dd class="number">{numberText(behind)}</dd>
        <dt>{consoleText('ledger.signed')}</dt>
        <dd>{momentText(signedAt, serverNow())}</dd>
      </dl>
      <h2>{consoleText('ledger.keys')}</h2>
      <ul class="stack" role="list">
        {keys.map(({ keyId, verifierKey, isPresent }) => (
          <li class="row" key={keyId}>
            <code class="console-code">{verifierKey}</code>
            {isPresent && <Badge tone="good">{consoleText('ledger.present')}</Badge>}
          </li>
        ))}
      </ul>
      <h2>{consoleText('ledger.checkpoint')}</h2>
      <pre class="panel console-code" tabIndex={0}>
        {checkpoint}
      </pre>
      <p>
        {consoleText('ledger.export')} <code>livedrops ledger export --out bundle</code>
      </p>
    </>
  );
}
