// Which events are moments that people are told about at once, beyond the running stock figures.

import type { MilestoneType } from '../contracts/drops.ts';
import type { DropState } from './drop-state.ts';
import type { DropEvent } from '../contracts/drop-events.ts';

/** What of a drop decides. */
export type MilestoneState = Pick<DropState, 'free' | 'stocked' | 'status' | 'pause' | 'endsAt'>;

/** Stock is low from this share of the stocked units downwards. */
const LOW_STOCK_SHARE = 0.1;

/**
 * The milestone that `event` was, or null. `freeBefore` and `endsAtBefore` are the free units and
 * the end before it; `state` is the drop after it. An event has one milestone at most, because
 * versions of live frames rise: a restock that ends a sell-out is `back_in_stock` and not
 * `restocked`.
 */
export function milestoneOf(
  event: DropEvent,
  freeBefore: number,
  endsAtBefore: number,
  state: MilestoneState,
): MilestoneType | null {
  switch (event.type) {
    case 'order-placed':
    case 'order-confirmed-late':
      return stockMilestone(freeBefore, state.free, state.stocked);
    case 'drop-created':
      return 'scheduled';
    case 'drop-opened':
      return 'started';
    case 'drop-restocked':
      if (event.units < 0) return stockMilestone(freeBefore, state.free, state.stocked);
      return isReturn(freeBefore, state) ? 'back_in_stock' : 'restocked';
    case 'drop-closed':
      return 'ended';
    case 'drop-cancelled':
      return 'cancelled';
    case 'drop-paused':
      return 'paused';
    case 'drop-resumed':
      return 'resumed';
    case 'drop-amended':
      return state.status === 'live' && state.endsAt > endsAtBefore ? 'extended' : null;
    default:
      return isReturn(freeBefore, state) ? 'back_in_stock' : null;
  }
}

/** Units that return to a drop that is over, or paused, are for nobody. */
function isReturn(freeBefore: number, { free, status, pause }: MilestoneState): boolean {
  return freeBefore === 0 && free > 0 && status === 'live' && pause === null;
}

function stockMilestone(freeBefore: number, free: number, stocked: number): MilestoneType | null {
  if (free === 0) return freeBefore > 0 ? 'sold_out' : null;
  const low = stocked * LOW_STOCK_SHARE;
  return free <= low && freeBefore > low ? 'low_stock' : null;
}
