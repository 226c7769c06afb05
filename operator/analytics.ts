// `livedrops analytics`: what was sold and seen of a drop, in all and step by step.

import type { AnalyticsStep } from '../contracts/analytics.ts';
import { formatAmount } from '../contracts/currencies.ts';
import type { DropAnalytics } from '../sdk/api.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { table } from './table.ts';

export interface AnalyticsOptions extends ConnectOptions {
  readonly step?: AnalyticsStep;
  readonly json?: true;
}

export async function analytics(dropId: string, options: AnalyticsOptions): Promise<void> {
  const api = await connectOperator(options);
  const shown = await api.analytics(dropId, options.step);
  process.stdout.write(options.json ? `${JSON.stringify(shown, null, 2)}\n` : analyticsText(shown));
}

type Figures = DropAnalytics['total'];

const COLUMNS: Readonly<Record<string, (figures: Figures) => number | string>> = {
  views: ({ views }) => views,
  watchers: ({ watchersMax }) => watchersMax,
  tries: ({ tries }) => tries,
  refused: ({ refused }) => refused.reduce((sum, { count }) => sum + count, 0),
  orders: ({ orders }) => orders,
  units: ({ units }) => units,
  revenue: ({ revenue }) =>
    revenue.map(({ amount, currency }) => `${formatAmount(amount, currency)} ${currency}`).join(),
  'refunded units': ({ refunds }) => refunds.units,
  'new buyers': ({ buyers }) => buyers.new,
  returning: ({ buyers }) => buyers.returning,
};

/** A line for each step in which something happened, one for all of time, and how it sold out. */
export function analyticsText(shown: DropAnalytics): string {
  const { points, total, secondsToSoldOut, watching } = shown;
  const cells = (figures: Figures) => Object.values(COLUMNS).map((of) => String(of(figures)));
  const names = Object.keys(COLUMNS);
  const rows = points.map(({ at, ...figures }) => [at, ...cells(figures)]);
  const lines = table(['from', ...names], [...rows, ['all time', ...cells(total)]], names);
  const refused = total.refused.map(({ code, count }) => `${count} ${code}`).join(', ');
  const soldOut =
    secondsToSoldOut === null ? 'Not sold out' : `Sold out after ${secondsToSoldOut} s`;
  return `${lines}${soldOut}; ${watching} watching now${refused && `; refused: ${refused}`}\n`;
}
