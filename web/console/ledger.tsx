// The ledger: how much is signed, by which keys, and the newest checkpoint.

import { useEffect } from 'preact/hooks';
import type { LedgerStatus } from '../../sdk/api.ts';
import { isProblem } from '../../sdk/errors.ts';
import { Badge, Notice } from '../shared/components/parts.tsx';
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

function Status({ size, behind, signedAt, keys, checkpoint, verified }: LedgerStatus) {
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
      <Verified of={verified} />
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

/** What the last `livedrops ledger verify` found, of which a server was told. */
function Verified({ of: verified }: { of: LedgerStatus['verified'] }) {
  return (
    <section class="stack">
      <h2>{consoleText('ledger.verified')}</h2>
      {verified === undefined ? (
        <p class="soft">{consoleText('ledger.verified.never')}</p>
      ) : (
        <>
          <Notice tone={verified.findings.length === 0 ? 'good' : 'bad'}>
            {verified.findings.length === 0
              ? consoleText('ledger.verified.good', { n: verified.leaves })
              : consoleText('ledger.verified.bad', { n: verified.findings.length })}
          </Notice>
          {verified.findings.length > 0 && (
            <ul class="console-plan">
              {verified.findings.map((finding) => (
                <li key={finding}>{finding}</li>
              ))}
            </ul>
          )}
          <p class="soft">
            {consoleText('ledger.verified.by', {
              who: verified.by,
              time: momentText(verified.at, serverNow()),
              erased: verified.erased,
              removed: verified.removed,
            })}
          </p>
        </>
      )}
      <p>
        {consoleText('ledger.verified.how')} <code>livedrops ledger verify</code>
      </p>
    </section>
  );
}
