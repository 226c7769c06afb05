// A drop as its creator sees it: stock live, what was sold and seen, what can be done, orders.

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { DropAnalytics } from '../../sdk/api.ts';
import { Notice } from '../shared/components/parts.tsx';
import { applyFrame } from '../shared/drop/apply-frame.ts';
import { CountdownView } from '../shared/drop/countdown-view.tsx';
import { StatusBadge } from '../shared/components/status-badge.tsx';
import { momentText, numberText, text } from '../shared/language.ts';
import { priceText } from '../shared/money.ts';
import { serverNow, watchDrop } from '../shared/server.ts';
import { Actions } from './actions.tsx';
import { type DropWithProduct, useDropWithProduct } from './drop-with-product.ts';
import { Figure } from './figure.tsx';
import { useLiveFigures } from './live-figures.ts';
import { NewestOrders } from './orders/newest-orders.tsx';
import { refusalText } from './refusals.ts';
import { SaleCharts } from './sale-charts.tsx';
import { ShareLink } from './share-link.tsx';
import { ShownView } from './shown-view.tsx';
import { studioText } from './texts.ts';

export function SaleView({ id }: { id: string }) {
  const loaded = useDropWithProduct(id);
  return (
    <ShownView from={loaded} title={studioText('sale.title')}>
      {(data) => <Sale key={data.drop.id} {...data} />}
    </ShownView>
  );
}

function Sale({ drop: loaded, product }: DropWithProduct) {
  const shown = useSignal(loaded);
  const { figures, rates } = useLiveFigures(shown.value);
  const { id } = loaded;
  useEffect(() => {
    document.title = `${product.name} · ${studioText('title')}`;
    return watchDrop(id, {
      onFrame: (frame) => (shown.value = applyFrame(shown.value, frame)),
    });
  }, [id]);
  const drop = shown.value;
  const isCurrent = drop.status === 'live' || drop.status === 'upcoming';
  return (
    <div class="stack stack-l">
      <header class="stack">
        <div class="row">
          <StatusBadge drop={drop} />
          <a href={`/drops/${id}`}>{studioText('sale.see')}</a>
          <a href={`/studio/drops/${id}/analytics`}>{studioText('sale.analytics')}</a>
        </div>
        <h1>{product.name}</h1>
        {(drop.status === 'upcoming' || drop.status === 'live') && <ShareLink dropId={id} />}
        <p class="soft">
          {drop.status === 'upcoming' && (
            <>
              {text('drop.startsIn')} <CountdownView until={drop.startsAt} />
            </>
          )}
          {drop.status === 'live' && (
            <>
              {text('drop.endsIn')} <CountdownView until={drop.endsAt} />
            </>
          )}
          {drop.status === 'ended' &&
            text('drop.endedAt', { time: momentText(drop.endsAt, serverNow()) })}
        </p>
      </header>
      <dl class="studio-figures">
        <Figure name={studioText('sale.left')} value={numberText(drop.free)} isMain />
        <Figure name={studioText('sale.sold')} value={numberText(drop.sold)} isMain />
        <Figure name={studioText('sale.held')} value={numberText(drop.held)} />
        <Figures of={figures.value} />
      </dl>
      {figures.value !== null && figures.value.secondsToSoldOut !== null && (
        <Notice tone="good">
          {studioText('sale.soldOutIn', { seconds: figures.value.secondsToSoldOut })}
        </Notice>
      )}
      {isCurrent && <SaleCharts drop={drop} rates={rates} />}
      <Actions drop={drop} name={product.name} onChange={(changed) => (shown.value = changed)} />
      <NewestOrders dropId={id} version={drop.version} />
    </div>
  );
}

function Figures({ of }: { of: DropAnalytics | null }) {
  if (of === null) return null;
  const { total, watching } = of;
  return (
    <>
      <Figure name={studioText('sale.watching')} value={numberText(watching)} />
      <Figure name={studioText('sale.views')} value={numberText(total.views)} />
      <Figure name={studioText('sale.tries')} value={numberText(total.tries)} />
      {total.refused.map(({ code, count }) => (
        <Figure
          key={code}
          name={`${studioText('sale.refused')}: ${refusalText(code)}`}
          value={numberText(count)}
        />
      ))}
      {total.revenue.map(({ currency, amount }) => (
        <Figure
          key={currency}
          name={studioText('sale.revenue')}
          value={priceText(amount, currency)}
        />
      ))}
    </>
  );
}
