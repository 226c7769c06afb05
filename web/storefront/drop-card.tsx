// A drop in a list: what it is, what it costs, and how much is left. Live stock is watched while
// the card is in the window.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Badge, Picture } from '../shared/components/parts.tsx';
import { momentText, text } from '../shared/language.ts';
import { priceText } from '../shared/money.ts';
import { serverNow, watchDrop } from '../shared/server.ts';
import { CountdownView } from '../shared/drop/countdown-view.tsx';
import { StatusBadge } from '../shared/components/status-badge.tsx';
import type { DropState } from '../shared/drop/phase.ts';
import type { SearchItem } from '../shared/types.ts';

export function DropCard({ item, isFirst = false }: { item: SearchItem; isFirst?: boolean }) {
  const element = useRef<HTMLAnchorElement>(null);
  const state = useSignal<DropState | null>(null);
  const isShown = useSignal(false);
  const isCurrent = item.status === 'live' || item.status === 'upcoming';
  useEffect(() => {
    if (!isCurrent || element.current === null) return;
    const observer = new IntersectionObserver((entries) => {
      isShown.value = entries.at(-1)!.isIntersecting;
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [isCurrent]);
  useEffect(() => {
    if (!isShown.value) return;
    return watchDrop(item.id, { onFrame: ({ data }) => (state.value = data) });
  }, [item.id, isShown.value]);

  const { value: drop } = state;
  const status = drop?.status ?? item.status;
  return (
    <li>
      <a class="card" href={`/drops/${item.id}`} ref={element}>
        <Picture of={item.picture} name={item.name} isFirst={isFirst} />
        <span class="card-text">
          <span class="row row-apart">
            {drop === null ? <StatusOf item={item} /> : <StatusBadge drop={drop} />}
            <b class="number">{priceText(item.unitAmount ?? 0, item.currency ?? 'EUR')}</b>
          </span>
          <span class="card-name">{item.name}</span>
          {item.creatorName !== '' && (
            <span class="soft small">{text('by', { name: item.creatorName })}</span>
          )}
          {status === 'live' && drop !== null && (
            <span class="meter" aria-hidden="true">
              <span style={{ transform: `scaleX(${share(drop)})` }} />
            </span>
          )}
          {status === 'live' && drop !== null && (
            <span class="soft small number">
              {text('drop.leftOf', { free: drop.free, stocked: drop.stocked })}
            </span>
          )}
          {status === 'upcoming' && item.startsAt !== undefined && (
            <span class="small">
              {text('drop.startsIn')} <CountdownView until={drop?.startsAt ?? item.startsAt} />
            </span>
          )}
          {(status === 'ended' || status === 'cancelled') && item.startsAt !== undefined && (
            <span class="soft small">{momentText(item.startsAt, serverNow())}</span>
          )}
        </span>
      </a>
    </li>
  );
}

/** Before the first frame there is no stock to tell of. */
function StatusOf({ item }: { item: SearchItem }) {
  switch (item.status) {
    case 'live':
      return <Badge tone="live">{text('status.live')}</Badge>;
    case 'cancelled':
      return <Badge tone="plain">{text('status.cancelled')}</Badge>;
    case 'ended':
      return <Badge tone="plain">{text('status.ended')}</Badge>;
    default:
      return <Badge tone="plain">{text('status.upcoming')}</Badge>;
  }
}

function share({ free, stocked }: DropState): number {
  return stocked === 0 ? 0 : free / stocked;
}
