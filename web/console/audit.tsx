// Who changed what: the audit log, the newest first.

import { useEffect } from 'preact/hooks';
import { momentText } from '../shared/language.ts';
import { client, serverNow } from '../shared/server.ts';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { consoleText } from './texts.ts';

const LOOK_MS = 3_000;
const LIMIT = 50;

export function Audit() {
  const polled = usePolled(
    (signal) =>
      client.call('GET /v1/operator/audit', { query: { limit: LIMIT }, signal, triesMax: 1 }),
    LOOK_MS,
  );
  useEffect(() => {
    document.title = `${consoleText('nav.audit')} · ${consoleText('title')}`;
  }, []);
  return (
    <div class="stack">
      <h1>{consoleText('audit.title')}</h1>
      <PolledView of={polled}>
        {({ items }) =>
          items.length === 0 ? (
            <p class="soft">{consoleText('audit.none')}</p>
          ) : (
            <div
              class="console-scroll"
              tabIndex={0}
              role="region"
              aria-label={consoleText('audit.title')}
            >
              <table class="console-table">
                <thead>
                  <tr>
                    <th scope="col">{consoleText('audit.time')}</th>
                    <th scope="col">{consoleText('audit.actor')}</th>
                    <th scope="col">{consoleText('audit.action')}</th>
                    <th scope="col">{consoleText('audit.target')}</th>
                    <th scope="col">{consoleText('audit.result')}</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map(({ sequence, at, actor, action, target, outcome, result }) => (
                    <tr key={sequence}>
                      <td>{momentText(at, serverNow())}</td>
                      <td>
                        {actor.kind} {actor.id}
                      </td>
                      <td>{action}</td>
                      <td>{target === null ? '' : `${target.type} ${target.id}`}</td>
                      <td>
                        {outcome}: {result}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </PolledView>
    </div>
  );
}
