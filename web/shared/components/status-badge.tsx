// The state of a drop in one word.

import { Badge } from './parts.tsx';
import { text } from '../language.ts';
import { type DropState, type Phase, phaseOf } from '../drop/phase.ts';

const BADGES = {
  upcoming: ['plain', 'status.upcoming'],
  live: ['live', 'status.live'],
  low: ['live', 'status.low'],
  'sold-out': ['bad', 'status.soldOut'],
  paused: ['warn', 'status.paused'],
  ended: ['plain', 'status.ended'],
  cancelled: ['plain', 'status.cancelled'],
} as const satisfies Partial<Record<Phase, unknown>>;

export function StatusBadge({ drop }: { drop: DropState }) {
  const [tone, key] = BADGES[phaseOf(drop, null, { is: 'none' }) as keyof typeof BADGES];
  return <Badge tone={tone}>{text(key)}</Badge>;
}
