// Which events are moments that people are told about at once, beyond the running stock figures.

import type { MilestoneType } from '../contracts/drops.ts';
import type { DropState } from './drop-state.ts';
import type { DropEvent } from '../contracts/drop-events.ts';

/** Stock is low from this share of the stocked units downwards. */
const LOW_STOCK_SHARE = 0.1;

/**
 * The milestone that `event` was, or null. `freeBefore` is the free units before it; `state` is the
 * drop after it. An event has one milestone at most, because versions of live frames rise: a
 * restock that ends a sell-out is `back_in_stock` and not `restocked`.
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
      if (event.units < 0) return stockMilestone(freeBefore, state.free, state.stocked);
      return isReturn(freeBefore, state) ? 'back_in_stock' : 'restocked';
    case 'drop-closed':
      return 'ended';
    case 'drop-cancelled':
      return 'cancelled';
    default:
      return isReturn(freeBefore, state) ? 'back_in_stock' : null;
  }
}

/** Units that return to a drop that is over are for nobody. */
function isReturn(freeBefore: number, { free, status }: DropState): boolean {
  return freeBefore === 0 && free > 0 && status === 'live';
}

function stockMilestone(freeBefore: number, free: number, stocked: number): MilestoneType | null {
  if (free === 0) return freeBefore > 0 ? 'sold_out' : null;
  const low = stocked * LOW_STOCK_SHARE;
  return free <= low && freeBefore > low ? 'low_stock' : null;
}
