// What the drop's page shows and offers: a pure function of the drop, the buyer's order and what
// became of the last press. The page says "yours" only of an order that the server has confirmed.

import type { Drop, Order, ProblemCodeOf } from '../types.ts';

export type DropState = Pick<
  Drop,
  'status' | 'soldOut' | 'free' | 'stocked' | 'paused' | 'startsAt' | 'endsAt'
>;

export type Press =
  | { readonly is: 'none' }
  /** The order was asked for, and there is no answer yet. */
  | { readonly is: 'asking' }
  /** All tries are over without an answer: the server may have done it. */
  | { readonly is: 'unsure' }
  | {
      readonly is: 'refused';
      readonly code: ProblemCodeOf;
      /** For codes without a text of the pages. */
      readonly said: string;
    };

export type Phase =
  | 'upcoming'
  | 'live'
  | 'low'
  | 'sold-out'
  | 'paused'
  | 'ended'
  | 'cancelled'
  | 'asking'
  | 'unsure'
  | 'held'
  | 'yours';

/** Of a stock that is nearly gone. `test/web/phase.test.ts` holds it to the server's milestone. */
const LOW_SHARE = 0.1;

export function phaseOf(drop: DropState, order: Order | null, press: Press): Phase {
  if (press.is === 'asking' || press.is === 'unsure') return press.is;
  if (order?.status === 'confirmed') return 'yours';
  if (order?.status === 'reserved') return 'held';
  if (drop.status === 'draft') return 'upcoming';
  if (drop.status !== 'live') return drop.status;
  if (drop.paused === true) return 'paused';
  if (drop.soldOut || drop.free === 0) return 'sold-out';
  return drop.free <= drop.stocked * LOW_SHARE ? 'low' : 'live';
}

/**
 * Whether a press of Buy makes sense now. Pressing again while unsure asks for the same order.
 * Before the start only a pass opens a drop, where it opens early; the server says from when on.
 */
export function mayBuy(phase: Phase, drop: Pick<Drop, 'earlyAccessSeconds'>): boolean {
  if (phase === 'upcoming') return drop.earlyAccessSeconds !== undefined;
  return phase === 'live' || phase === 'low' || phase === 'unsure';
}
