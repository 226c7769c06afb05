// Figures as people read them, from sums as they are stored.

import type { AnalyticsFigures } from '../contracts/analytics.ts';
import { REFUNDED, REVENUE } from '../events/analytics/tally.ts';
import { LATENCY, REFUSED } from '../events/analytics/counted-names.ts';

type Values = Readonly<Record<string, number>>;

export function figuresOf(values: Values): AnalyticsFigures {
  const of = (name: string) => values[name] ?? 0;
  const views = of('views');
  const orders = of('orders');
  return {
    views,
    streams: of('streams'),
    watchersMax: of('watchersMax'),
    tries: of('tries'),
    refused: namedWith(values, REFUSED).map(([code, count]) => ({ code, count })),
    latency: {
      within20Ms: of(LATENCY.within20Ms),
      within200Ms: of(LATENCY.within200Ms),
      within500Ms: of(LATENCY.within500Ms),
      longer: of(LATENCY.longer),
    },
    conversion: views === 0 ? null : Math.round((orders / views) * 10_000) / 10_000,
    placed: of('placed'),
    orders,
    units: of('units'),
    revenue: amountsOf(values, REVENUE),
    holds: { expired: of('holdsExpired'), released: of('holdsReleased') },
    payments: {
      confirmed: of('paymentsConfirmed'),
      late: of('paymentsLate'),
      failed: of('paymentsFailed'),
      declined: of('paymentsDeclined'),
      rejected: of('paymentsRejected'),
    },
    refunds: {
      whole: of('refundsWhole'),
      part: of('refundsPart'),
      units: of('refundedUnits'),
      amounts: amountsOf(values, REFUNDED),
    },
    buyers: { new: of('buyersNew'), returning: of('buyersReturning') },
  };
}

export function addedUp(all: readonly Values[]): Values {
  const sums: Record<string, number> = {};
  for (const values of all)
    for (const [name, value] of Object.entries(values)) {
      const known = sums[name] ?? 0;
      // Of a longer time, the most at once is that of one of its steps.
      sums[name] = name === 'watchersMax' ? Math.max(known, value) : known + value;
    }
  return sums;
}

function amountsOf(values: Values, prefix: string) {
  return namedWith(values, prefix).map(([currency, amount]) => ({ currency, amount }));
}

/** By what follows the prefix. */
function namedWith(values: Values, prefix: string): [string, number][] {
  return Object.entries(values)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]): [string, number] => [name.slice(prefix.length), value])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
