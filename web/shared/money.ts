// Amounts for people. The digits of a currency are those of the server's own table, since `Intl`
// has others for some (H1a).

import { minorDigits } from '../../contracts/currencies.ts';
import { moneyText } from './language.ts';

export function priceText(amount: number, currency: string): string {
  return moneyText(amount, currency, minorDigits(currency) ?? 2);
}
