// The facts that a shard hands out are those of its events applied one by one, whatever else was in
// the same entry.

import test from 'ava';
import fc from 'fast-check';
import { type Fact, type FactBatch, reviveFact } from '../../actors/shard/facts.ts';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { orderId } from '../../domain/ids.ts';
import { decodeEntry } from '../../storage/formats/entry.ts';
import { CREATOR, DROP_ID, type History, history, START, step } from '../domain/histories.ts';
import { createDrop as create, type Harness, NOW, place, startHost } from './harness.ts';
import { flush } from './manual-clock.ts';

interface Expected {
  readonly index: number;
  readonly event: DropEvent;
  readonly order: OrderView | null;
  readonly drop: DropView;
}

/** The same as a shard should hand out, from the journal alone, one event after the other. */
async function expectedBatches({ journal }: Harness) {
  const drops = new Map<string, DropState>();
  const batches: { sequence: number; time: number; facts: Expected[] }[] = [];
  for (const { sequence, bytes } of await journal.read(0, 0, 10_000)) {
    const { time, changes } = decodeEntry(bytes, 0, sequence);
    const facts: Expected[] = [];
    for (const { dropId, events } of changes) {
      for (const event of events) {
        const before = drops.get(dropId);
        if (before !== undefined) applyEvent(before, event, time);
        const state = before ?? createDrop(event, time);
        drops.set(dropId, state);
        const index = facts.length;
        facts.push({ index, event, order: orderOf(state, event), drop: state.view() });
      }
    }
    batches.push({ sequence, time, facts });
  }
  return batches;
}

function orderOf(state: DropState, event: DropEvent): OrderView | null {
  if (event.type === 'order-placed')
    return state.orderView(state.findOrder(event.userId, event.key));
  return 'ordinal' in event ? state.orderView(event.ordinal) : null;
}

/** All fields, read now. */
function shown({ index, event, order, drop }: Fact): Expected {
  return { index, event, order, drop };
}

function shownBatches(batches: readonly FactBatch[]) {
  return batches.map(({ sequence, time, facts }) => ({ sequence, time, facts: facts.map(shown) }));
}

/** Another drop of the same shard, with the same life. */
function renamed<C extends DropCommand>(command: C, dropId: string): C {
  return JSON.parse(JSON.stringify(command).replaceAll(DROP_ID, dropId)) as C;
}

/** Long, and with stock enough, for several events of one order to meet in one entry. */
const longHistory = fc
  .tuple(history, fc.array(step, { minLength: 40, maxLength: 80, size: 'max' }))
  .map(([{ terms, stock }, steps]) => ({
    terms: { ...terms, endsAt: START + 600_000, limitPerUser: terms.limitPerUser * 4 },
    stock: stock * 8,
    steps,
  }));

/**
 * Runs a history on two drops of one shard. While an append is held back, the commands of up to
 * eight steps gather and become one entry, together with what has come due.
 */
async function run({ terms, stock, steps }: History): Promise<Harness> {
  const harness = await startHost(undefined, 1);
  const { host, journal, clock, relay } = harness;
  clock.shiftWall(START - NOW);
  const made = ['d_1', 'd_2'].map((dropId) =>
    renamed({ type: 'create-drop' as const, dropId: DROP_ID, terms, stock }, dropId),
  );
  const replies = [host.execute(made)];
  for (const [i, { afterMs, command }] of steps.entries()) {
    if (i % 8 === 0) journal.hold();
    await clock.advance(afterMs);
    if (command !== null) {
      replies.push(host.execute([renamed(command, 'd_2'), command, renamed(command, 'd_2')]));
    }
    if (i % 8 === 7) {
      journal.release();
      await flush();
    }
  }
  journal.release();
  await Promise.all(replies);
  await relay.caughtUp();
  return harness;
}

test('J1: facts show drop and order exactly as they stood after each event', async (t) => {
  let entriesOfSeveral = 0;
  await fc.assert(
    fc.asyncProperty(longHistory, async (lived) => {
      const harness = await run(lived);
      const expected = await expectedBatches(harness);
      t.deepEqual(shownBatches(harness.consumer.batches), expected);
      entriesOfSeveral += expected.filter(({ facts }) =>
        facts.some(
          ({ order }, i) =>
            order !== null && facts.slice(i + 1).some((later) => later.order?.id === order.id),
        ),
      ).length;
    }),
    { numRuns: 100 },
  );
  // Or "exactly" would mean nothing.
  t.true(entriesOfSeveral > 20, `${entriesOfSeveral} entries with two events of one order`);
});

test('J1, P4: one entry tells each event of an order with the order as it was then', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, journal, clock, relay, consumer } = harness;
  await create(host, 5000, { payment: 'provider', holdSeconds: 60, limitPerUser: 5000 });
  const id = orderId('d_1', 1200);
  await host.execute(Array.from({ length: 1201 }, (_, i) => place(`user${i}`)));
  journal.hold();
  const caller = CREATOR;
  const settle = { type: 'settle-payment', dropId: 'd_1', orderId: id, reference: 'r' } as const;
  const cancelling = host.execute([{ type: 'cancel-drop', dropId: 'd_1', caller }]);
  await flush();
  // More are cancelled than one entry takes of what is due, so the payment of the last comes first.
  const settling = host.execute([{ ...settle, succeeded: true }]);
  await clock.advance(1);
  journal.release();
  await Promise.all([cancelling, settling]);
  await relay.caughtUp();
  const facts = consumer.batches.flatMap((batch) => batch.facts);
  const ofOrder = facts.filter(({ order }) => order?.id === id);
  t.deepEqual(
    ofOrder.map(({ event, order, drop }) => [
      event.type,
      order?.status,
      order?.refundRequested,
      order?.version === drop.version,
      drop.held,
    ]),
    [
      ['order-placed', 'reserved', false, true, 1201],
      ['order-cancelled', 'cancelled', false, true, 176],
      ['refund-requested', 'cancelled', true, true, 176],
    ],
  );
  t.is(new Set(facts.map(({ drop }) => drop.version)).size, facts.length);
});

test('a structured clone of facts can be made whole, and shares the terms', async (t) => {
  const { host, relay, consumer } = await startHost(undefined, 1);
  await create(host, 5);
  await host.execute([place('ann'), place('bob')]);
  await relay.caughtUp();
  for (const { facts } of consumer.batches) {
    const clones = structuredClone(facts).map(reviveFact);
    t.deepEqual(clones.map(shown), facts.map(shown));
    t.is(new Set(clones.map(({ terms }) => terms)).size, new Set(facts.map((f) => f.terms)).size);
  }
  t.is(consumer.batches.at(-1)!.facts[0]!.terms, consumer.batches.at(-1)!.facts[1]!.terms);
});
