// The same order body always gives the same quantity, or the same refusal.

import test from 'ava';
import { orderQuantity } from '../../gateway/orders/order-body.ts';

function ask(text: string): unknown {
  const asked = orderQuantity(Buffer.from(text));
  return typeof asked === 'number' ? asked : asked.code;
}

test('H8: accepted bodies give their own quantity each time', (t) => {
  const bodies = [1, 2, 12].flatMap((n) => [`{"quantity":${n}}`, ` { "quantity" : ${n} } `]);
  bodies.push(`{"quantity":7}${' '.repeat(200)}`);
  const quantities = [1, 1, 2, 2, 12, 12, 7];
  for (let round = 0; round < 3; round++) t.deepEqual(bodies.map(ask), quantities);
});

test('H8: refused bodies are refused each time, however near to an accepted one', (t) => {
  t.is(ask('{"quantity":3}'), 3);
  const refused = [
    '{"quantity":0}',
    '{"quantity":"3"}',
    '{"quantity":3,"x":1}',
    '{"quantity":3',
    '',
  ];
  for (let round = 0; round < 3; round++) {
    for (const body of refused) t.is(ask(body), 'invalid-request', body);
  }
});

test('H8: past the bound of the cache every body is still checked', (t) => {
  for (let quantity = 1; quantity <= 90; quantity++) {
    for (let spaces = 0; spaces < 20; spaces++) {
      t.is(ask(`{"quantity":${quantity}${' '.repeat(spaces)}}`), quantity);
    }
    t.is(ask(`{"quantity":-${quantity}}`), 'invalid-request');
  }
});
