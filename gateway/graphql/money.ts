// Amounts of money with what they mean: integers in minor units need the digits of their currency.

import { formatAmount, minorDigits } from '../../contracts/currencies.ts';
import type { Builder } from './builder.ts';

export interface MoneyRow {
  readonly amount: number;
  readonly currency: string;
}

export function addMoney(builder: Builder) {
  return builder.objectRef<MoneyRow>('Money').implement({
    description: 'An amount of money by ISO 4217.',
    fields: (t) => ({
      amount: t.expose('amount', { type: 'MinorUnits' }),
      currency: t.exposeString('currency', { description: 'The code, such as EUR.' }),
      digits: t.int({
        nullable: true,
        description: 'How many digits of `amount` are behind the point; null where unknown.',
        resolve: ({ currency }) => minorDigits(currency),
      }),
      decimal: t.string({
        description: 'The amount as a plain decimal, without the code: 1500 EUR is `15.00`.',
        resolve: ({ amount, currency }) => formatAmount(amount, currency),
      }),
    }),
  });
}
