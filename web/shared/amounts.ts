// Prices as people type them.

import { isSellable, minorDigits } from '../../contracts/currencies.ts';

/** In the currency's minor unit; null where the text is no amount of it. A comma is a point. */
export function amountOf(typed: string, currency: string): number | null {
  const digits = minorDigits(currency);
  const match = /^(\d{1,12})(?:[.,](\d+))?$/.exec(typed.trim());
  if (digits === null || match === null) return null;
  const [, whole = '', behind = ''] = match;
  if (behind.length > digits) return null;
  return Number(whole + behind.padEnd(digits, '0'));
}

/** Whether a new drop may be sold in it. */
export function isCurrency(code: string): boolean {
  return isSellable(code);
}
