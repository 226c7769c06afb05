// What keeps data right: verification, rebuilds of lists and of search, and reconciliation.

import { useEffect } from 'preact/hooks';
import { RECONCILE_KINDS, reconcileJobId } from '../../contracts/reconcile.ts';
import { isProblem } from '../../sdk/errors.ts';
import type { Job } from '../../sdk/api.ts';
import { DataTable } from '../shared/components/data-table.tsx';
import { numberText } from '../shared/language.ts';
import { client } from '../shared/server.ts';
import { Action } from './action.tsx';
import { flag } from './command-line.ts';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { RunView } from './run-view.tsx';
import { followed, join, start } from './runs.ts';
import { consoleText } from './texts.ts';
import { useTitle } from './title.ts';

const LOOK_MS = 2_000;

export function Upkeep() {
  useTitle(consoleText('nav.upkeep'));
  useEffect(() => {
    // What another operator started is shown where it can be read; nothing depends on it.
    join().catch(() => undefined);
  }, []);
  return (
    <div class="stack stack-l">
      <h1>{consoleText('nav.upkeep')}</h1>
      <Verification />
      <Rebuild />
      <Search />
      <Reconciliation />
    </div>
  );
}

function Verification() {
  const last = followed.verify.value;
  return (
    <section class="stack">
      <h2>{consoleText('verify.title')}</h2>
      <p class="soft">{consoleText('verify.text')}</p>
      {last !== null && <RunView of={last} />}
      <div class="row">
        <Action
          label={consoleText('act.verify')}
          command="verify"
          target="verify"
          run={async () => {
            await start({ kind: 'verify' });
            return '';
          }}
        />
      </div>
    </section>
  );
}

function Rebuild() {
  const last = followed.rebuild.value;
  return (
    <section class="stack">
      <h2>{consoleText('rebuild.title')}</h2>
      <p class="soft">{consoleText('rebuild.text')}</p>
      {last !== null && <RunView of={last} />}
      <div class="row">
        <Action
          label={consoleText('act.rebuild')}
          command={({ dry }) => `rebuild${flag('dry-run', dry === 'yes')}`}
          target="rebuild"
          fields={[{ name: 'dry', label: consoleText('rebuild.dry'), isSwitch: true }]}
          run={async ({ dry }) => {
            await start({ kind: 'rebuild', ...(dry === 'yes' && { dryRun: true }) });
            return '';
          }}
        />
      </div>
    </section>
  );
}

function Search() {
  const polled = usePolled(
    (signal) => client.call('GET /v1/operator/search', { signal, triesMax: 1 }),
    LOOK_MS,
  );
  return (
    <section class="stack">
      <h2>{consoleText('search.title')}</h2>
      <PolledView of={polled}>
        {({ items }) =>
          items.length === 0 ? (
            <p class="soft">{consoleText('search.none')}</p>
          ) : (
            <DataTable
              label={consoleText('search.title')}
              heads={[
                consoleText('nodes.node'),
                consoleText('search.documents'),
                consoleText('search.lag'),
                consoleText('search.state'),
              ]}
            >
              {items.map(({ node, index }) => (
                <tr key={node}>
                  <td>{node}</td>
                  <td class="number">{index === null ? '–' : numberText(index.documents)}</td>
                  <td class="number">
                    {index === null ? '–' : consoleText('nodes.skew.ms', { ms: index.lagMs })}
                  </td>
                  <td>
                    {index === null || index.rebuild === null ? (
                      <Action
                        label={consoleText('act.rebuild')}
                        command={`search rebuild ${node}`}
                        target={node}
                        run={async () => {
                          const path = { id: node };
                          await client.call('POST /v1/operator/search/{id}/rebuild', { path });
                          return consoleText('act.begun');
                        }}
                      />
                    ) : (
                      consoleText('search.rebuilding', { n: index.rebuild.documents })
                    )}
                  </td>
                </tr>
              ))}
            </DataTable>
          )
        }
      </PolledView>
    </section>
  );
}

/** Null: the cluster has no such job yet. */
async function reconciliation(
  kind: (typeof RECONCILE_KINDS)[number],
  signal: AbortSignal,
): Promise<Job | null> {
  const path = { id: reconcileJobId(kind) };
  try {
    return await client.call('GET /v1/operator/jobs/{id}', { path, signal, triesMax: 1 });
  } catch (error) {
    if (isProblem(error, 'not-found')) return null;
    throw error;
  }
}

function Reconciliation() {
  const polled = usePolled(
    (signal) =>
      Promise.all(
        RECONCILE_KINDS.map(async (kind) => ({ kind, job: await reconciliation(kind, signal) })),
      ),
    LOOK_MS,
  );
  return (
    <section class="stack">
      <h2>{consoleText('reconcile.title')}</h2>
      <p class="soft">{consoleText('reconcile.text')}</p>
      <PolledView of={polled}>
        {(kinds) => (
          <DataTable
            label={consoleText('reconcile.title')}
            heads={[
              consoleText('job.kind'),
              consoleText('job.state'),
              consoleText('reconcile.compared'),
              consoleText('job.mended'),
              consoleText('reconcile.now'),
            ]}
          >
            {kinds.map(({ kind, job }) => (
              <tr key={kind}>
                <td>{job === null ? kind : <a href={`/console/jobs/${job.id}`}>{kind}</a>}</td>
                <td>{job === null ? '–' : consoleText(`job.${job.state}`)}</td>
                <td class="number">{job === null ? '–' : numberText(job.progress.done)}</td>
                <td class="number">{job === null ? '–' : numberText(job.progress.mended ?? 0)}</td>
                <td>
                  <Action
                    label={consoleText('act.reconcile')}
                    command={`reconcile --kind ${kind} --now`}
                    target={kind}
                    run={async () => {
                      const path = { id: reconcileJobId(kind) };
                      await client.call('POST /v1/operator/jobs/{id}/retry', { path, body: {} });
                      return consoleText('act.begun');
                    }}
                  />
                </td>
              </tr>
            ))}
          </DataTable>
        )}
      </PolledView>
    </section>
  );
}
