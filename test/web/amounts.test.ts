// Prices as people type them.

import test from 'ava';
import { amountOf } from '../../web/shared/amounts.ts';

test('U2, H1a: a typed price is in the minor unit of its currency, or is none', (t) => {
  const cases: readonly (readonly [string, string, number | null])[] = [
    ['129', 'EUR', 12_900],
    ['129,5', 'EUR', 12_950],
    ['129.00', 'EUR', 12_900],
    [' 0 ', 'EUR', 0],
    ['12900', 'JPY', 12_900],
    ['1.5', 'JPY', null],
    ['1.234', 'KWD', 1_234],
    ['1.2345', 'KWD', null],
    ['19.999', 'EUR', null],
    ['1,000.00', 'EUR', null],
    ['-1', 'EUR', null],
    ['', 'EUR', null],
    ['12', 'XXX', null],
    ['12', 'nope', null],
  ];
  for (const [typed, currency, amount] of cases)
    t.is(amountOf(typed, currency), amount, `${typed} ${currency}`);
});
