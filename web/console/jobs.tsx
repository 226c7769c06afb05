// Jobs of all nodes: what runs, what waits, what failed; and one of them.

import { useSignal } from '@preact/signals';
import type { Job, Operations } from '../../sdk/api.ts';
import { Choice } from '../shared/components/choice.tsx';
import { DataTable } from '../shared/components/data-table.tsx';
import { Badge } from '../shared/components/parts.tsx';
import { momentText, numberText } from '../shared/language.ts';
import { client, serverNow } from '../shared/server.ts';
import { Action } from './action.tsx';
import { Pager } from './pager.tsx';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { consoleText } from './texts.ts';
import { useTitle } from './title.ts';

const LOOK_MS = 2_000;
const LIMIT = 50;
const TONES = {
  queued: 'plain',
  running: 'live',
  done: 'good',
  failed: 'bad',
  cancelled: 'plain',
} as const satisfies Record<Job['state'], string>;

type State = NonNullable<NonNullable<Operations['GET /v1/operator/jobs']['query']>['state']>;

function stateText(state: State): string {
  return consoleText(`job.${state}`);
}

export function Jobs() {
  const state = useSignal<State | ''>('');
  const cursor = useSignal<string | null>(null);
  const polled = usePolled(
    (signal) => {
      const query = {
        limit: LIMIT,
        ...(state.value !== '' && { state: state.value }),
        ...(cursor.value !== null && { cursor: cursor.value }),
      };
      return client.call('GET /v1/operator/jobs', { query, signal, triesMax: 1 });
    },
    LOOK_MS,
    [state.value, cursor.value],
  );
  useTitle(consoleText('jobs.title'));
  return (
    <div class="stack">
      <div class="row row-apart">
        <h1>{consoleText('jobs.title')}</h1>
        <Choice
          label={consoleText('job.state')}
          of={state}
          choices={[
            ['', consoleText('all')],
            ...(Object.keys(TONES) as State[]).map((one) => [one, stateText(one)] as const),
          ]}
          onChange={() => (cursor.value = null)}
        />
      </div>
      <PolledView of={polled}>
        {({ items, nextCursor }) => (
          <>
            {items.length === 0 ? (
              <p class="soft">{consoleText('jobs.none')}</p>
            ) : (
              <DataTable
                label={consoleText('jobs.title')}
                heads={[
                  consoleText('job.state'),
                  consoleText('job.kind'),
                  consoleText('job.subject'),
                  consoleText('job.done'),
                  consoleText('job.created'),
                ]}
              >
                {items.map((job) => (
                  <tr key={job.id}>
                    <td>
                      <Badge tone={TONES[job.state]}>{stateText(job.state)}</Badge>
                    </td>
                    <td>
                      <a href={`/console/jobs/${encodeURIComponent(job.id)}`}>{job.kind}</a>
                    </td>
                    <td>{job.subject}</td>
                    <td class="number">{numberText(job.progress.done)}</td>
                    <td>{momentText(job.createdAt, serverNow())}</td>
                  </tr>
                ))}
              </DataTable>
            )}
            <Pager cursor={cursor} next={nextCursor} />
          </>
        )}
      </PolledView>
    </div>
  );
}

export function OneJob({ id }: { id: string }) {
  const polled = usePolled(
    (signal) => client.call('GET /v1/operator/jobs/{id}', { path: { id }, signal, triesMax: 1 }),
    LOOK_MS,
  );
  useTitle(id);
  return (
    <div class="stack">
      <p>
        <a href="/console/jobs">{consoleText('jobs.all')}</a>
      </p>
      <h1>{consoleText('job.title', { id })}</h1>
      <PolledView of={polled}>
        {(job) => (
          <>
            <Facts job={job} />
            <div class="row">
              <JobActions job={job} />
            </div>
          </>
        )}
      </PolledView>
    </div>
  );
}

function Facts({ job }: { job: Job }) {
  const { progress, nextAttemptAt, finishedAt } = job;
  const refused = Object.entries(progress.refused).map(([code, n]) => `${numberText(n)} ${code}`);
  const now = serverNow();
  const facts: readonly (readonly [string, string | undefined])[] = [
    [consoleText('job.kind'), job.kind],
    [consoleText('job.subject'), job.subject],
    [consoleText('job.by'), job.callerId],
    [consoleText('job.done'), numberText(progress.done)],
    [consoleText('job.left'), progress.left === undefined ? undefined : numberText(progress.left)],
    [consoleText('job.refused'), refused.length === 0 ? undefined : refused.join(', ')],
    [
      consoleText('job.mended'),
      progress.mended === undefined ? undefined : numberText(progress.mended),
    ],
    [consoleText('job.attempts'), numberText(job.attempts)],
    [consoleText('job.reason'), job.reason],
    [consoleText('job.created'), momentText(job.createdAt, now)],
    [consoleText('job.updated'), momentText(job.updatedAt, now)],
    [
      consoleText('job.next'),
      nextAttemptAt === undefined ? undefined : momentText(nextAttemptAt, now),
    ],
    [
      consoleText('job.finished'),
      finishedAt === undefined ? undefined : momentText(finishedAt, now),
    ],
  ];
  return (
    <dl class="console-facts panel">
      <dt>{consoleText('job.state')}</dt>
      <dd>
        <Badge tone={TONES[job.state]}>
          {job.cancelRequested === true && job.state === 'running'
            ? consoleText('job.ending')
            : stateText(job.state)}
        </Badge>
      </dd>
      {facts.map(
        ([name, value]) =>
          value !== undefined && (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ),
      )}
    </dl>
  );
}

export function JobActions({ job: { id, state } }: { job: Job }) {
  const path = { id };
  const says = ({ job }: { readonly job: Job }): string => stateText(job.state);
  return (
    <>
      {state !== 'done' && state !== 'running' && (
        <Action
          key="retry"
          label={consoleText('act.retry')}
          command={`jobs retry ${id}`}
          target={id}
          run={async () => says(await client.call(RETRY, { path, body: {} }))}
        />
      )}
      {(state === 'queued' || state === 'running') && (
        <Action
          key="cancel"
          label={consoleText('act.cancel')}
          command={`jobs cancel ${id}`}
          target={id}
          run={async () => says(await client.call(CANCEL, { path, body: {} }))}
        />
      )}
    </>
  );
}

const RETRY = 'POST /v1/operator/jobs/{id}/retry';
const CANCEL = 'POST /v1/operator/jobs/{id}/cancel';
