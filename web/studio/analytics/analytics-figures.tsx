// What happened in a stretch of time, in figures.

import type { Analytics, DropAnalytics } from '../../../sdk/api.ts';
import { numberText } from '../../shared/language.ts';
import { priceText } from '../../shared/money.ts';
import { percentText } from '../charts/number-texts.ts';
import { Figure } from '../figure.tsx';
import type { AnalyticsKey } from './messages/en.ts';
import { analyticsText } from './texts.ts';

export function AnalyticsFigures({ of }: { of: Analytics | DropAnalytics }) {
  const { inRange } = of;
  const { views, streams, watchersMax, tries, orders, units, conversion } = inRange;
  const counts: readonly (readonly [AnalyticsKey, number])[] = [
    ['figure.views', views],
    ['figure.streams', streams],
    ...('watching' in of ? ([['figure.watchersMax', watchersMax]] as const) : []),
    ['figure.tries', tries],
    ['figure.newBuyers', inRange.buyers.new],
    ['figure.returning', inRange.buyers.returning],
    ['figure.expired', inRange.holds.expired],
    ['figure.failed', inRange.payments.failed],
  ];
  const soldOutAfter = 'watching' in of ? of.secondsToSoldOut : null;
  return (
    <dl class="studio-figures">
      <Figure name={analyticsText('figure.orders')} value={numberText(orders)} isMain />
      <Figure name={analyticsText('figure.units')} value={numberText(units)} isMain />
      {counts.map(([key, count]) => (
        <Figure key={key} name={analyticsText(key)} value={numberText(count)} />
      ))}
      {conversion !== null && (
        <Figure name={analyticsText('figure.conversion')} value={percentText(conversion)} />
      )}
      {soldOutAfter !== null && (
        <Figure
          name={analyticsText('figure.soldOut')}
          value={analyticsText('figure.seconds', { n: soldOutAfter })}
        />
      )}
      {inRange.refunds.amounts.map(({ currency, amount }) => (
        <Figure
          key={currency}
          name={analyticsText('figure.refunded')}
          value={priceText(amount, currency)}
        />
      ))}
      {inRange.revenue.map(({ currency, amount }) => (
        <Figure
          key={currency}
          name={analyticsText('figure.revenue')}
          value={priceText(amount, currency)}
        />
      ))}
    </dl>
  );
}
