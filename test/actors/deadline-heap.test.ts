import test from 'ava';
import fc from 'fast-check';
import { DeadlineHeap } from '../../actors/shard/deadline-heap.ts';

test('D2: drops come out by time, each at its earliest deadline', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(1000))), (adds) => {
      const heap = new DeadlineHeap();
      const earliest = new Map<string, number>();
      for (const [drop, at] of adds) {
        heap.add(`d${drop}`, at);
        earliest.set(`d${drop}`, Math.min(at, earliest.get(`d${drop}`) ?? Infinity));
      }
      const seen = new Map<string, number>();
      let last = -1;
      while (heap.next !== Infinity) {
        const at = heap.next;
        if (at < last) throw new Error('out of order');
        last = at;
        if (heap.takeDue(at - 1) !== null) throw new Error('taken before its time');
        const dropId = heap.takeDue(at)!;
        if (!seen.has(dropId)) seen.set(dropId, at);
      }
      t.deepEqual(seen, new Map([...seen.keys()].map((dropId) => [dropId, earliest.get(dropId)!])));
      t.is(seen.size, earliest.size);
    }),
  );
});
