// What happened in a stretch of time, step by step, as charts.

import { useMemo } from 'preact/hooks';
import type { Analytics, AnalyticsPoint, DropAnalytics } from '../../../sdk/api.ts';
import { numberText } from '../../shared/language.ts';
import { priceText } from '../../shared/money.ts';
import { LineChart } from '../charts/line-chart.tsx';
import { refusalText } from '../refusals.ts';
import { studioText } from '../texts.ts';
import { fullSteps } from './range.ts';
import { analyticsText } from './texts.ts';

/** Of codes of refusals, and of currencies: those with the most of them. */
const CODES_MAX = 5;
const CURRENCIES_MAX = 3;

/** The legend has the sums of the steps, or where sums say nothing what is given. */
function StepsChart(props: Parameters<typeof LineChart>[0]) {
  const sums = useMemo(
    () => props.values.map((one) => one.reduce<number>((sum, value) => sum + (value ?? 0), 0)),
    [props.values],
  );
  return <LineChart sums={sums} {...props} />;
}

export function AnalyticsCharts({ of }: { of: Analytics | DropAnalytics }) {
  const { times, points } = useMemo(() => fullSteps(of), [of]);
  const column = (read: (point: AnalyticsPoint) => number): number[] =>
    points.map((point) => (point === null ? 0 : read(point)));
  const codes = of.inRange.refused
    .toSorted((a, b) => b.count - a.count)
    .slice(0, CODES_MAX)
    .map(({ code }) => code);
  const currencies = of.inRange.revenue.slice(0, CURRENCIES_MAX).map(({ currency }) => currency);
  return (
    <div class="charts">
      <StepsChart
        title={analyticsText('chart.sold')}
        names={[analyticsText('chart.orders'), analyticsText('chart.units')]}
        times={times}
        values={[column(({ orders }) => orders), column(({ units }) => units)]}
        format={numberText}
        isWhole
      />
      <StepsChart
        title={analyticsText('chart.seen')}
        names={[analyticsText('chart.views'), analyticsText('chart.tries')]}
        times={times}
        values={[column(({ views }) => views), column(({ tries }) => tries)]}
        format={numberText}
        isWhole
      />
      <StepsChart
        title={analyticsText('chart.refused')}
        names={codes.map(refusalText)}
        times={times}
        values={codes.map((code) =>
          column(({ refused }) => refused.find((one) => one.code === code)?.count ?? 0),
        )}
        format={numberText}
        isWhole
        none={studioText('chart.refused.none')}
      />
      {'watching' in of && (
        <StepsChart
          title={analyticsText('chart.watching')}
          names={[studioText('sale.watching')]}
          times={times}
          values={[column(({ watchersMax }) => watchersMax)]}
          sums={[of.inRange.watchersMax]}
          format={numberText}
          isWhole
        />
      )}
      {currencies.map((currency) => (
        <StepsChart
          key={currency}
          title={analyticsText('chart.revenue', { currency })}
          names={[analyticsText('figure.revenue')]}
          times={times}
          values={[
            column(({ revenue }) => revenue.find((one) => one.currency === currency)?.amount ?? 0),
          ]}
          format={(amount) => priceText(amount, currency)}
          isWhole
        />
      ))}
    </div>
  );
}
