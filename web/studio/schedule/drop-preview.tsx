// The page of a drop as buyers will find it once it is announced. Nothing in it can be pressed.

import type { Product } from '../../../sdk/api.ts';
import { CountdownView } from '../../shared/drop/countdown-view.tsx';
import { Badge, Picture } from '../../shared/components/parts.tsx';
import { momentText, text } from '../../shared/language.ts';
import { priceText } from '../../shared/money.ts';
import { serverNow, user } from '../../shared/server.ts';
import { scheduleText } from './texts.ts';

interface DropPreviewProps {
  readonly product: Product;
  /** Null: it starts at once. */
  readonly startsAt: number | null;
  readonly endsAt: number;
  readonly amount: number;
  readonly currency: string;
  readonly units: number;
  readonly limit: number;
}

export function DropPreview(props: DropPreviewProps) {
  const { product, startsAt, endsAt, amount, currency, units, limit } = props;
  const price = priceText(amount, currency);
  const buyText = amount === 0 ? text('buy.free') : text('buy', { price });
  return (
    <section class="stack" aria-label={scheduleText('preview.title')}>
      <h2>{scheduleText('preview.title')}</h2>
      <div class="panel schedule-preview">
        <Picture of={product.picture} name={product.name} />
        <div class="stack">
          <div class="row">
            {startsAt === null ? (
              <Badge tone="live">{text('status.live')}</Badge>
            ) : (
              <Badge tone="plain">{text('status.upcoming')}</Badge>
            )}
            <span class="soft">{text('by', { name: user.value?.name ?? '' })}</span>
          </div>
          <b class="schedule-name">{product.name}</b>
          <b class="number">{price}</b>
          <p>
            <span class="soft">{text(startsAt === null ? 'drop.endsIn' : 'drop.startsIn')}</span>{' '}
            <CountdownView
              key={startsAt ?? endsAt}
              until={new Date(startsAt ?? endsAt).toISOString()}
              class="schedule-count"
            />
          </p>
          {startsAt === null ? (
            <p class="soft">{text('drop.leftOf', { free: units, stocked: units })}</p>
          ) : (
            <>
              <p class="soft">
                {text('drop.startsAt', { time: momentText(startsAt, serverNow()) })}
              </p>
              <p class="soft">{text('drop.units', { n: units })}</p>
            </>
          )}
          <p class="schedule-buy">{startsAt === null ? buyText : text('buy.waits')}</p>
          {product.description !== '' && <p class="schedule-about">{product.description}</p>}
          <p class="soft small">{text('drop.limit', { n: limit })}</p>
        </div>
      </div>
    </section>
  );
}
