// The ids of notifications: decimal digits of a number that rises in each user's feed.

const DIGITS = /^(0|[1-9][0-9]{0,15})$/;

/** The number that an id stands for, or null where it is no id. */
export function parseNotificationId(id: string): number | null {
  if (!DIGITS.test(id)) return null;
  const number = Number(id);
  return Number.isSafeInteger(number) ? number : null;
}
