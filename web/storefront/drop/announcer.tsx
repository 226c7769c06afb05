// Says milestones of a drop to screen readers: the start, little stock, sold out, back, the end.
// Ticks of stock and countdown are not said.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { text } from '../../shared/language.ts';
import { isClockKnown, serverNow } from '../../shared/server.ts';
import type { Drop } from '../../shared/types.ts';
import { type Phase, phaseOf } from '../../shared/drop/phase.ts';

const MARKS = [
  [60_000, 'drop.announce.minute'],
  [10_000, 'drop.announce.tenSeconds'],
] as const;

export function Announcer({ drop }: { drop: Drop }) {
  const said = useSignal('');
  const before = useRef<Phase | null>(null);
  const isKnown = isClockKnown.value;
  const phase = phaseOf(drop, null, { is: 'none' });
  useEffect(() => {
    const last = before.current;
    before.current = phase;
    if (last !== null && last !== phase) said.value = milestone(last, phase, drop.free);
  }, [phase]);
  useEffect(() => {
    if (drop.status !== 'upcoming') return;
    const start = Date.parse(drop.startsAt);
    const timers = MARKS.map(([leftMs, key]) => ({ key, waitMs: start - leftMs - serverNow() }))
      .filter(({ waitMs }) => waitMs > 0 && waitMs < 2 ** 31)
      .map(({ key, waitMs }) => setTimeout(() => (said.value = text(key)), waitMs));
    return () => timers.forEach((timer) => clearTimeout(timer));
  }, [drop.status, drop.startsAt, isKnown]);
  return (
    <p class="hidden" role="status">
      {said.value}
    </p>
  );
}

function milestone(last: Phase, phase: Phase, free: number): string {
  if (last === 'sold-out' && (phase === 'live' || phase === 'low'))
    return text('drop.announce.back', { n: free });
  switch (phase) {
    case 'live':
      return text('drop.announce.live');
    case 'low':
      return text('drop.announce.low', { n: free });
    case 'sold-out':
      return text('drop.announce.soldOut');
    case 'paused':
      return text('drop.paused');
    case 'ended':
      return text('drop.announce.ended');
    case 'cancelled':
      return text('drop.cancelled');
    default:
      return '';
  }
}
