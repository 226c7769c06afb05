// Analytics of one drop or of a creator over a stretch of time: figures, charts, and its steps as a
// file.

import { useSignal } from '@preact/signals';
import type { Analytics, Drop, DropAnalytics } from '../../../sdk/api.ts';
import { Choice } from '../../shared/components/choice.tsx';
import { Fault } from '../../shared/components/fault.tsx';
import { Empty, Shown } from '../../shared/components/parts.tsx';
import { useLoaded } from '../../shared/loaded.ts';
import { serverNow } from '../../shared/server.ts';
import { useWorking } from '../../shared/working.ts';
import { download } from '../download.ts';
import { AnalyticsCharts } from './analytics-charts.tsx';
import { AnalyticsFigures } from './analytics-figures.tsx';
import { type RangeName, type RangeQuery, rangeQuery } from './range.ts';
import { analyticsText } from './texts.ts';

const FORMATS = ['csv', 'ndjson', 'parquet'] as const;
const OF_CREATOR = ['day', 'hour', 'week', 'month'] as const satisfies readonly RangeName[];
const OF_DROP = ['whole', 'opening', ...OF_CREATOR] as const satisfies readonly RangeName[];

export type AnalyticsFormat = (typeof FORMATS)[number];

interface AnalyticsPanelProps {
  /** Whose they are, also in the name of the file. */
  readonly id: string;
  /** Null: of a creator. */
  readonly drop: Drop | null;
  readonly read: (query: RangeQuery, signal: AbortSignal) => Promise<Analytics | DropAnalytics>;
  readonly open: (query: RangeQuery & { readonly format: AnalyticsFormat }) => Promise<Response>;
}

export function AnalyticsPanel({ id, drop, read, open }: AnalyticsPanelProps) {
  const ranges: readonly RangeName[] = drop === null ? OF_CREATOR : OF_DROP;
  const name = useSignal<RangeName>(ranges[0]!);
  const loaded = useLoaded(
    async (signal) => {
      const query = rangeQuery(name.value, serverNow(), drop);
      return { query, analytics: await read(query, signal) };
    },
    [id, name.value],
  );
  return (
    <div class="stack">
      <div class="row analytics-range">
        <Choice
          label={analyticsText('range')}
          of={name}
          choices={ranges.map((one) => [one, analyticsText(`range.${one}`)] as const)}
        />
      </div>
      <Shown from={loaded} waiting={<div class="waiting studio-waiting" />}>
        {({ query, analytics }) =>
          analytics.points.length === 0 ? (
            <Empty title={analyticsText('none.title')}>
              <p>{analyticsText('none.text')}</p>
            </Empty>
          ) : (
            <>
              <AnalyticsFigures of={analytics} />
              <h2>{analyticsText('chart.title')}</h2>
              <AnalyticsCharts of={analytics} />
              <Files id={id} query={query} open={open} />
            </>
          )
        }
      </Shown>
    </div>
  );
}

interface FilesProps extends Pick<AnalyticsPanelProps, 'id' | 'open'> {
  readonly query: RangeQuery;
}

function Files({ id, query, open }: FilesProps) {
  const { isBusy, fault, run } = useWorking();
  return (
    <>
      <p class="row">
        {analyticsText('export')}
        {FORMATS.map((format) => (
          <button
            key={format}
            class="button"
            type="button"
            aria-disabled={isBusy.value}
            onClick={() =>
              run(() => download(open({ ...query, format }), `${id}-${query.step}.${format}`))
            }
          >
            {format === 'parquet' ? 'Parquet' : format.toUpperCase()}
          </button>
        ))}
      </p>
      <Fault of={fault} />
    </>
  );
}
