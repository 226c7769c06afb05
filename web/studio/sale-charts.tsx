// A sale as charts: units as frames bring them, the rest as the server counts it each second.

import { type ReadonlySignal, useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Drop } from '../../sdk/api.ts';
import { numberText, text } from '../shared/language.ts';
import { serverNow } from '../shared/server.ts';
import type { Rate } from './charts/live-rates.ts';
import { LineChart } from './charts/line-chart.tsx';
import { percentText, rateText } from './charts/number-texts.ts';
import { refusalText } from './refusals.ts';
import { studioText } from './texts.ts';

const POINT_MS = 250;
/** A quarter of an hour; older points go. */
const POINTS_MAX = 3_600;
/** Of codes of refusals: the most frequent ones. */
const CODES_MAX = 5;

interface SaleChartsProps {
  readonly drop: Drop;
  readonly rates: ReadonlySignal<readonly Rate[]>;
}

export function SaleCharts({ drop, rates }: SaleChartsProps) {
  return (
    <section class="stack">
      <h2>{studioText('sale.live')}</h2>
      <div class="charts">
        <UnitsChart drop={drop} />
        <RateCharts rates={rates} />
      </div>
    </section>
  );
}

interface Units {
  readonly times: readonly number[];
  readonly sold: readonly number[];
  readonly held: readonly number[];
}

function UnitsChart({ drop }: { drop: Drop }) {
  const newest = useRef(drop);
  newest.current = drop;
  const units = useSignal<Units>({ times: [], sold: [], held: [] });
  useEffect(() => {
    const look = (): void => {
      if (document.hidden) return;
      const { times, sold, held } = units.value;
      const from = times.length < POINTS_MAX ? 0 : 1;
      units.value = {
        times: [...times.slice(from), serverNow()],
        sold: [...sold.slice(from), newest.current.sold],
        held: [...held.slice(from), newest.current.held],
      };
    };
    look();
    const timer = setInterval(look, POINT_MS);
    return () => clearInterval(timer);
  }, [drop.id]);
  const values = useComputed(() => [units.value.sold, units.value.held]);
  return (
    <LineChart
      title={studioText('chart.units')}
      names={[studioText('sale.sold'), studioText('sale.held')]}
      times={units.value.times}
      values={values.value}
      format={numberText}
      isWhole
    />
  );
}

function RateCharts({ rates }: Pick<SaleChartsProps, 'rates'>) {
  const data = useComputed(() => dataOf(rates.value));
  const { times, orders, codes, refused, watching, latency } = data.value;
  if (times.length === 0) return <div class="panel waiting" aria-label={text('loading')} />;
  return (
    <>
      <LineChart
        title={studioText('chart.orders')}
        names={[studioText('chart.placed'), studioText('chart.tries')]}
        times={times}
        values={orders}
        format={rateText}
      />
      <LineChart
        title={studioText('chart.refused')}
        names={codes.map(refusalText)}
        times={times}
        values={refused}
        format={rateText}
        none={studioText('chart.refused.none')}
      />
      <LineChart
        title={studioText('chart.watching')}
        names={[studioText('sale.watching')]}
        times={times}
        values={watching}
        format={numberText}
        isWhole
      />
      <LineChart
        title={studioText('chart.latency')}
        names={[20, 200, 500].map((n) => studioText('chart.within', { n }))}
        times={times}
        values={latency}
        format={percentText}
        max={1}
      />
    </>
  );
}

/** Columns for the charts, made once for each read. */
function dataOf(rates: readonly Rate[]) {
  const sums = new Map<string, number>();
  for (const { refused } of rates)
    for (const [code, rate] of refused) sums.set(code, (sums.get(code) ?? 0) + rate);
  const codes = [...sums]
    .filter(([, sum]) => sum > 0)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, CODES_MAX)
    .map(([code]) => code);
  return {
    times: rates.map(({ at }) => at),
    orders: [rates.map(({ placed }) => placed), rates.map(({ tries }) => tries)],
    codes,
    refused: codes.map((code) => rates.map(({ refused }) => refused.get(code) ?? 0)),
    watching: [rates.map(({ watching }) => watching)],
    latency: [
      rates.map(({ within20Ms }) => within20Ms),
      rates.map(({ within200Ms }) => within200Ms),
      rates.map(({ within500Ms }) => within500Ms),
    ],
  };
}
