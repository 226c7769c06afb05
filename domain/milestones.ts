// Which events are moments that people are told about at once, beyond the running stock figures.

import type { MilestoneType } from '../contracts/drops.ts';
import type { DropState } from './drop-state.ts';
import type { DropEvent } from '../contracts/drop-events.ts';

/** Stock is low from this share of the stocked units downwards. */
const LOW_STOCK_SHARE = 0.1;

/**
 * The milestone that `event` was, or null. `freeBefore` is the free units before it; `state` is the
 * drop after it.
 */
export function milestoneOf(
  event: DropEvent,
  freeBefore: number,
  state: DropState,
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
      return event.units > 0 ? 'restocked' : stockMilestone(freeBefore, state.free, state.stocked);
    case 'drop-closed':
      return 'ended';
    case 'drop-cancelled':
      return 'cancelled';
    default:
      return null;
  }
}

function stockMilestone(freeBefore: number, free: number, stocked: number): MilestoneType | null {
  if (free === 0) return freeBefore > 0 ? 'sold_out' : null;
  const low = stocked * LOW_STOCK_SHARE;
  return free <= low && freeBefore > low ? 'low_stock' : null;
}
