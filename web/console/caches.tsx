// The caches of all gateways, and a way to empty one kind of them.

import { useEffect } from 'preact/hooks';
import { DataTable } from '../shared/components/data-table.tsx';
import { numberText } from '../shared/language.ts';
import { client } from '../shared/server.ts';
import { Action } from './action.tsx';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { consoleText } from './texts.ts';

const LOOK_MS = 2_000;

export function Caches() {
  const polled = usePolled(
    (signal) => client.call('GET /v1/operator/caches', { signal, triesMax: 1 }),
    LOOK_MS,
  );
  useEffect(() => {
    document.title = `${consoleText('nav.caches')} · ${consoleText('title')}`;
  }, []);
  return (
    <div class="stack">
      <h1>{consoleText('caches.title')}</h1>
      <PolledView of={polled}>
        {({ items }) => (
          <>
            {items.map(({ node, caches }) => (
              <section class="stack" key={node}>
                <h2>{node}</h2>
                <DataTable
                  label={node}
                  heads={[
                    consoleText('caches.kind'),
                    consoleText('caches.entries'),
                    consoleText('caches.hits'),
                    consoleText('caches.ratio'),
                    <span class="hidden">{consoleText('act.evict')}</span>,
                  ]}
                >
                  {(caches ?? []).map(({ kind, entries, hits, misses }) => (
                    <tr key={kind}>
                      <td>{kind}</td>
                      <td class="number">{numberText(entries)}</td>
                      <td class="number">{numberText(hits)}</td>
                      <td class="number">{ratio(hits, misses)}</td>
                      <td>
                        <Action
                          label={consoleText('act.evict')}
                          command={`cache evict --kind ${kind}`}
                          target={kind}
                          run={async () => {
                            const body = { kind };
                            await client.call('POST /v1/operator/caches/evict', { body });
                            return consoleText('act.done');
                          }}
                        />
                      </td>
                    </tr>
                  ))}
                </DataTable>
              </section>
            ))}
          </>
        )}
      </PolledView>
    </div>
  );
}

function ratio(hits: number, misses: number): string {
  return hits + misses === 0 ? '–' : `${Math.round((hits / (hits + misses)) * 100)} %`;
}
