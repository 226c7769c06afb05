// Who changed what: the audit log, the newest first.

import { useSignal } from '@preact/signals';
import type { AuditEntry } from '../../sdk/api.ts';
import { DataTable } from '../shared/components/data-table.tsx';
import { valuesOf } from '../shared/components/log-in.tsx';
import { Badge, Field } from '../shared/components/parts.tsx';
import { momentText } from '../shared/language.ts';
import { client, serverNow } from '../shared/server.ts';
import { option } from './command-line.ts';
import { Pager } from './pager.tsx';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { consoleText } from './texts.ts';
import { useTitle } from './title.ts';

const LOOK_MS = 3_000;
const LIMIT = 50;
const TONES = {
  planned: 'plain',
  done: 'good',
  refused: 'warn',
  failed: 'bad',
  unknown: 'warn',
} as const satisfies Record<AuditEntry['outcome'], string>;
const FILTERS = ['actor', 'action', 'target'] as const;
type Filter = Readonly<Partial<Record<(typeof FILTERS)[number], string>>>;

export function Audit() {
  const filter = useSignal<Filter>({});
  const cursor = useSignal<string | null>(null);
  const polled = usePolled(
    (signal) => {
      const query = {
        ...filter.value,
        limit: LIMIT,
        ...(cursor.value !== null && { cursor: cursor.value }),
      };
      return client.call('GET /v1/operator/audit', { query, signal, triesMax: 1 });
    },
    LOOK_MS,
    [filter.value, cursor.value],
  );
  useTitle(consoleText('audit.title'));
  const options = FILTERS.map((name) => option(name, filter.value[name])).join('');
  return (
    <div class="stack">
      <h1>{consoleText('audit.title')}</h1>
      <form
        class="console-filters"
        onSubmit={(event) => {
          event.preventDefault();
          const texts = valuesOf(event.currentTarget, ...FILTERS).map((text) => text.trim());
          const named = FILTERS.map((name, index) => [name, texts[index]!] as const);
          filter.value = Object.fromEntries(named.filter(([, text]) => text !== ''));
          cursor.value = null;
        }}
      >
        <Field name="actor" label={consoleText('audit.actor')} isRequired={false} />
        <Field name="action" label={consoleText('audit.action')} isRequired={false} />
        <Field name="target" label={consoleText('audit.target')} isRequired={false} />
        <button class="button" type="submit">
          {consoleText('audit.filter')}
        </button>
      </form>
      <p class="soft">
        <code>livedrops audit{options}</code>
      </p>
      <PolledView of={polled}>
        {({ items, nextCursor }) => (
          <>
            {items.length === 0 ? (
              <p class="soft">{consoleText('audit.none')}</p>
            ) : (
              <Entries items={items} />
            )}
            <Pager cursor={cursor} next={nextCursor} />
          </>
        )}
      </PolledView>
    </div>
  );
}

function Entries({ items }: { items: readonly AuditEntry[] }) {
  return (
    <DataTable
      label={consoleText('audit.title')}
      heads={[
        consoleText('audit.time'),
        consoleText('audit.actor'),
        consoleText('audit.action'),
        consoleText('audit.target'),
        consoleText('audit.result'),
      ]}
    >
      {items.map(({ sequence, at, actor, action, target, outcome, result, changes }) => (
        <tr key={sequence}>
          <td>{momentText(at, serverNow())}</td>
          <td>{[...new Set([actor.kind, actor.id])].join(' ')}</td>
          <td>{action}</td>
          <td>{target === null ? '' : `${target.type} ${target.id}`}</td>
          <td>
            <Badge tone={TONES[outcome]}>{consoleText(`outcome.${outcome}`)}</Badge> {result}
            {changes.map(({ field, before, after }) => (
              <div class="soft small" key={field}>
                {field}: {String(before ?? '–')} → {String(after ?? '–')}
              </div>
            ))}
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
