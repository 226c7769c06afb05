// The ids of notifications: a number in decimal digits that rises in each user's feed.

import { InvalidCursorError } from '../ports/page.ts';

const DIGITS = /^(0|[1-9][0-9]{0,15})$/;

/** The number of an id; infinite without one. Errors: `invalid-cursor`. */
export function lastNotificationId(upTo: string | undefined): number {
  if (upTo === undefined) return Number.POSITIVE_INFINITY;
  const id = parseNotificationId(upTo);
  if (id === null) throw new InvalidCursorError('not a notification id');
  return id;
}

/** The number of an id; null for text that is no id. */
export function parseNotificationId(id: string): number | null {
  if (!DIGITS.test(id)) return null;
  const number = Number(id);
  return Number.isSafeInteger(number) ? number : null;
}
