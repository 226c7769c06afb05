// A drop in a list: what it is, what it costs, and how much is left. Live stock is watched while
// the card is in the window.

import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Badge, Picture } from '../shared/components/parts.tsx';
import { momentText, text } from '../shared/language.ts';
import { priceText } from '../shared/money.ts';
import { serverNow, watchDrop } from '../shared/server.ts';
import { CountdownView } from '../shared/drop/countdown-view.tsx';
import { StatusBadge } from '../shared/components/status-badge.tsx';
import type { DropState } from '../shared/drop/phase.ts';
import type { SearchItem } from '../shared/types.ts';

interface DropCardProps {
  readonly item: SearchItem;
  /** Of its picture. */
  readonly turn?: 'first' | 'early' | undefined;
}

export function DropCard({ item, turn }: DropCardProps) {
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

  return (
    <li>
      <a class="card" href={`/drops/${item.id}`} ref={element}>
        <Picture of={item.picture} name={item.name} turn={turn} />
        <span class="card-text">
          <span class="row row-apart">
            <Status item={item} state={state} />
            <b class="number">{priceText(item.unitAmount ?? 0, item.currency ?? 'EUR')}</b>
          </span>
          <span class="card-name">{item.name}</span>
          {item.creatorName !== '' && (
            <span class="soft small">{text('by', { name: item.creatorName })}</span>
          )}
          <Stock item={item} state={state} />
        </span>
      </a>
    </li>
  );
}

/** What of a card changes with each frame: the rest of it is not drawn again. */
interface ChangingProps {
  readonly item: SearchItem;
  /** Null before the first frame. */
  readonly state: Signal<DropState | null>;
}

function Status({ item, state: { value: drop } }: ChangingProps) {
  return drop === null ? <StatusOf item={item} /> : <StatusBadge drop={drop} />;
}

function Stock({ item, state: { value: drop } }: ChangingProps) {
  switch (drop?.status ?? item.status) {
    case 'live':
      return drop === null ? null : (
        <>
          <span class="meter" aria-hidden="true">
            <span style={{ transform: `scaleX(${share(drop)})` }} />
          </span>
          <span class="soft small number">
            {text('drop.leftOf', { free: drop.free, stocked: drop.stocked })}
          </span>
        </>
      );
    case 'upcoming':
      return item.startsAt === undefined ? null : (
        <span class="small">
          {text('drop.startsIn')} <CountdownView until={drop?.startsAt ?? item.startsAt} />
        </span>
      );
    default:
      return item.startsAt === undefined ? null : (
        <span class="soft small">{momentText(item.startsAt, serverNow())}</span>
      );
  }
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
