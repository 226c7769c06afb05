// The points of analytics as a file: NDJSON as the API shows them; CSV and Parquet flat, with a
// column for each figure, and for each currency and each code of a refusal that the points have.
// Amounts are integers in the minor unit of their currency. Parquet has times as timestamps.

import { stringify } from 'csv-stringify/sync';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { CSV_FORM } from '../../app/csv-form.ts';
import type { AnalyticsFormat, AnalyticsPoint } from '../../contracts/analytics.ts';
import { rfc3339 } from '../encode.ts';
import { analyticsPointBody } from '../present.ts';

export const PARQUET_MEDIA_TYPE = 'application/vnd.apache.parquet';

interface Column {
  readonly name: string;
  readonly of: (point: AnalyticsPoint) => number;
}

/** Beside `at` and `conversion`. */
const COUNTS: readonly Column[] = [
  { name: 'views', of: ({ views }) => views },
  { name: 'streams', of: ({ streams }) => streams },
  { name: 'watchersMax', of: ({ watchersMax }) => watchersMax },
  { name: 'tries', of: ({ tries }) => tries },
  { name: 'latencyWithin20Ms', of: ({ latency }) => latency.within20Ms },
  { name: 'latencyWithin200Ms', of: ({ latency }) => latency.within200Ms },
  { name: 'latencyWithin500Ms', of: ({ latency }) => latency.within500Ms },
  { name: 'latencyLonger', of: ({ latency }) => latency.longer },
  { name: 'placed', of: ({ placed }) => placed },
  { name: 'orders', of: ({ orders }) => orders },
  { name: 'units', of: ({ units }) => units },
  { name: 'holdsExpired', of: ({ holds }) => holds.expired },
  { name: 'holdsReleased', of: ({ holds }) => holds.released },
  { name: 'paymentsConfirmed', of: ({ payments }) => payments.confirmed },
  { name: 'paymentsLate', of: ({ payments }) => payments.late },
  { name: 'paymentsFailed', of: ({ payments }) => payments.failed },
  { name: 'paymentsDeclined', of: ({ payments }) => payments.declined },
  { name: 'paymentsRejected', of: ({ payments }) => payments.rejected },
  { name: 'refundsWhole', of: ({ refunds }) => refunds.whole },
  { name: 'refundsPart', of: ({ refunds }) => refunds.part },
  { name: 'refundedUnits', of: ({ refunds }) => refunds.units },
  { name: 'buyersNew', of: ({ buyers }) => buyers.new },
  { name: 'buyersReturning', of: ({ buyers }) => buyers.returning },
];

export function analyticsFile(
  format: AnalyticsFormat,
  points: readonly AnalyticsPoint[],
): string | Uint8Array {
  if (format === 'ndjson')
    return points.map((point) => `${JSON.stringify(analyticsPointBody(point))}\n`).join('');
  const columns = [...COUNTS, ...columnsOf(points)];
  return format === 'csv' ? csvOf(columns, points) : parquetOf(columns, points);
}

/** By currency and by code, as the points have them, in order. */
function columnsOf(points: readonly AnalyticsPoint[]): Column[] {
  const refused = namesIn(points, ({ refused: list }) => list.map(({ code }) => code));
  const sold = namesIn(points, ({ revenue }) => revenue.map(({ currency }) => currency));
  const back = namesIn(points, ({ refunds }) => refunds.amounts.map(({ currency }) => currency));
  return [
    ...refused.map((code) => ({
      name: `refused.${code}`,
      of: (point: AnalyticsPoint) => point.refused.find((one) => one.code === code)?.count ?? 0,
    })),
    ...sold.map((currency) => ({
      name: `revenue.${currency}`,
      of: ({ revenue }: AnalyticsPoint) => amountIn(revenue, currency),
    })),
    ...back.map((currency) => ({
      name: `refunded.${currency}`,
      of: ({ refunds }: AnalyticsPoint) => amountIn(refunds.amounts, currency),
    })),
  ];
}

function namesIn(
  points: readonly AnalyticsPoint[],
  namesOf: (point: AnalyticsPoint) => readonly string[],
): string[] {
  return [...new Set(points.flatMap(namesOf))].sort();
}

function amountIn(amounts: AnalyticsPoint['revenue'], currency: string): number {
  return amounts.find((one) => one.currency === currency)?.amount ?? 0;
}

function csvOf(columns: readonly Column[], points: readonly AnalyticsPoint[]): string {
  const head = ['at', ...columns.map(({ name }) => name), 'conversion'];
  const rows = points.map((point) => [
    rfc3339(point.at),
    ...columns.map(({ of }) => of(point)),
    point.conversion,
  ]);
  return stringify([head, ...rows], CSV_FORM);
}

function parquetOf(columns: readonly Column[], points: readonly AnalyticsPoint[]): Uint8Array {
  const bytes = parquetWriteBuffer({
    columnData: [
      { name: 'at', data: points.map(({ at }) => new Date(at)), type: 'TIMESTAMP' },
      ...columns.map(({ name, of }) => ({
        name,
        data: points.map((point) => BigInt(of(point))),
        type: 'INT64' as const,
      })),
      {
        name: 'conversion',
        data: points.map(({ conversion }) => conversion),
        type: 'DOUBLE',
        nullable: true,
      },
    ],
  });
  return new Uint8Array(bytes);
}
