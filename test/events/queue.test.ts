// The queue of background work.

import test from 'ava';
import { Queue } from '../../events/queue.ts';

test('items leave in the order they came, over any number of refills', (t) => {
  const queue = new Queue<number>();
  let pushed = 0;
  let shifted = 0;
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 300; i++) queue.push(pushed++);
    for (let i = 0; i < (round % 2 === 0 ? 100 : 450); i++) {
      const expected = shifted < pushed ? shifted++ : undefined;
      t.is(queue.peek(), expected);
      t.is(queue.shift(), expected);
    }
    t.is(queue.length, pushed - shifted);
  }
  queue.clear();
  t.is(queue.length, 0);
  t.is(queue.shift(), undefined);
});
