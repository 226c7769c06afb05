// What happened to a drop, in the past tense: the only things the journal holds. Orders are named by their ordinal, which counts
// from 0 in each drop. Times are not in the events: all events of one journal entry share the entry's time.

import type { DropTerms } from './views.ts';

export type DropEvent =
  | { readonly type: 'drop-created'; readonly terms: DropTerms; readonly stock: number }
  | {
      readonly type: 'drop-amended';
      readonly startsAt: number;
      readonly endsAt: number;
      readonly limitPerUser: number;
    }
  | { readonly type: 'drop-restocked'; readonly units: number }
  | { readonly type: 'drop-opened' }
  | { readonly type: 'drop-closed' }
  | { readonly type: 'drop-cancelled' }
  | {
      readonly type: 'order-placed';
      readonly userId: string;
      readonly key: string;
      readonly quantity: number;
    }
  | { readonly type: 'order-confirmed'; readonly ordinal: number; readonly reference: string }
  /** The payment came after the hold ended: the units are taken again and sold in one step (P4). */
  | { readonly type: 'order-confirmed-late'; readonly ordinal: number; readonly reference: string }
  | { readonly type: 'order-failed'; readonly ordinal: number; readonly reference: string }
  /** Paid, but no unit can be given: the provider is asked to pay back (P4). */
  | { readonly type: 'refund-requested'; readonly ordinal: number; readonly reference: string }
  | { readonly type: 'order-expired'; readonly ordinal: number }
  | { readonly type: 'order-cancelled'; readonly ordinal: number }
  | { readonly type: 'order-refunded'; readonly ordinal: number };

export type DropEventType = DropEvent['type'];
