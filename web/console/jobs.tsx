// Jobs of all nodes: what runs, what waits, what failed.

import { useEffect } from 'preact/hooks';
import { Badge } from '../shared/components/parts.tsx';
import { momentText } from '../shared/language.ts';
import { client, serverNow } from '../shared/server.ts';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { consoleText } from './texts.ts';

const LOOK_MS = 2_000;
const LIMIT = 50;

export function Jobs() {
  const polled = usePolled(
    (signal) =>
      client.call('GET /v1/operator/jobs', { query: { limit: LIMIT }, signal, triesMax: 1 }),
    LOOK_MS,
  );
  useEffect(() => {
    document.title = `${consoleText('nav.jobs')} · ${consoleText('title')}`;
  }, []);
  return (
    <div class="stack">
      <h1>{consoleText('jobs.title')}</h1>
      <PolledView of={polled}>
        {({ items }) => (
          <>
            {items.length === 0 && <p class="soft">{consoleText('jobs.none')}</p>}
            <ul class="stack" role="list">
              {items.map(({ id, kind, state, progress, createdAt }) => (
                <li class="row" key={id}>
                  <Badge tone={state === 'failed' ? 'bad' : state === 'done' ? 'good' : 'plain'}>
                    {state}
                  </Badge>
                  <b>{kind}</b>
                  <span class="number">{consoleText('jobs.progress', { n: progress.done })}</span>
                  <span class="soft">{momentText(createdAt, serverNow())}</span>
                  <code class="soft">{id}</code>
                </li>
              ))}
            </ul>
          </>
        )}
      </PolledView>
    </div>
  );
}
