// What the change stream has of a drop (C1), and when its row has changed so that there is a record
// of it: wherever something else than the version and units sold is another, and where units sold
// have passed a power of two. Orders of a live drop do not write its row, so its popularity is
// that of its opening until reconciliation, or its end, writes the row.

import type { DropSummary, EntityChange } from '../../contracts/changes.ts';
import type { DropView } from '../../contracts/drops.ts';

/** Everything but what changes without a record. */
export type SummaryTerms = Omit<DropSummary, 'sold' | 'version'>;

export function summaryOf(row: DropView): DropSummary {
  const { sold, version } = row;
  return { ...termsOf(row), sold, version };
}

export function dropChange(row: DropView): EntityChange {
  return { kind: 'drop', dropId: row.id, drop: summaryOf(row) };
}

/** Whether there is a record where `after` replaces `before`; null: there was no row. */
export function isRecorded(before: DropView | null, after: DropView): boolean {
  if (before === null || soldStep(before.sold) !== soldStep(after.sold)) return true;
  const [old, next] = [termsOf(before), termsOf(after)];
  for (const field of Object.keys(next) as (keyof SummaryTerms)[])
    if (old[field] !== next[field]) return true;
  return false;
}

/** How many bits the number of units has: 0 for none. */
export function soldStep(sold: number): number {
  return sold <= 0 ? 0 : Math.floor(Math.log2(sold)) + 1;
}

/** The order of the fields is part of the format on Redis, where terms are compared as text. */
export function termsOf(row: SummaryTerms): SummaryTerms {
  const { productId, creatorId, status, startsAt, endsAt, unitAmount, currency, createdAt } = row;
  return { productId, creatorId, status, startsAt, endsAt, unitAmount, currency, createdAt };
}
