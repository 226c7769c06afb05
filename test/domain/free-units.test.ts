import test from 'ava';
import fc from 'fast-check';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { decide, decideDueOrders, decideStatus } from '../../domain/decide.ts';
import { freedUnits } from '../../domain/free-units.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import { factAfter } from '../../actors/shard/facts.ts';
import { history, START } from './histories.ts';

test('R1: what an event freed is told from the event and its order, in any history', (t) => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(history, ({ terms, stock, steps }) => {
      let now = START;
      const created = decide(null, { type: 'create-drop', dropId: terms.id, terms, stock }, now);
      if (!created.ok) throw new Error(created.code);
      const state = createDrop(created.events[0]!, now);
      const take = (events: readonly DropEvent[]) => {
        for (const event of events) {
          const before = state.free;
          applyEvent(state, event, now);
          const { order } = factAfter(state, event, null);
          const freed = state.free - before;
          if (freed !== freedUnits(event, order))
            throw new Error(`${event.type} freed ${freed}: ${JSON.stringify(order)}`);
          if (freed !== 0) seen.add(event.type);
        }
      };
      take(created.events.slice(1));
      for (const step of steps) {
        now += step.afterMs;
        while (state.nextDeadline() <= now)
          take([...decideStatus(state, now), ...decideDueOrders(state, now, 2)]);
        const result = step.command === null ? null : decide(state, step.command, now);
        if (result?.ok === true) take(result.events);
      }
    }),
    { numRuns: 500 },
  );
  for (const type of ['order-placed', 'order-expired', 'order-part-refunded', 'drop-restocked'])
    t.true(seen.has(type), type);
});
