// The ledger: how much is signed, by which keys, and the newest checkpoint.

import { useEffect } from 'preact/hooks';
import { Badge } from '../shared/components/parts.tsx';
import { momentText, numberText } from '../shared/language.ts';
import { client, serverNow } from '../shared/server.ts';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { consoleText } from './texts.ts';

const LOOK_MS = 2_000;

export function Ledger() {
  const polled = usePolled(
    (signal) => client.call('GET /v1/operator/ledger', { signal, triesMax: 1 }),
    LOOK_MS,
  );
  useEffect(() => {
    document.title = `${consoleText('nav.ledger')} · ${consoleText('title')}`;
  }, []);
  return (
    <div class="stack">
      <h1>{consoleText('ledger.title')}</h1>
      <PolledView of={polled}>
        {({ size, behind, signedAt, keys, checkpoint }) => (
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
              {consoleText('act.command')} <code>livedrops ledger export --out bundle</code>
            </p>
          </>
        )}
      </PolledView>
    </div>
  );
}
