// The account of what the events alone say equals what a replay of the journal says, to the unit.

import test from 'ava';
import fc from 'fast-check';
import type { FactBatch } from '../../../actors/shard/facts.ts';
import { readEntries } from '../../../actors/shard/recovery.ts';
import type { DropCommand } from '../../../contracts/commands.ts';
import { Account, OvertakenError } from '../../../events/analytics/account.ts';
import { type BuyerChange, Buyers, saleMark } from '../../../events/analytics/buyers.ts';
import { OrderSegment, SEGMENT_ORDERS } from '../../../events/analytics/order-segment.ts';
import { hashUser } from '../../../events/analytics/user-hash.ts';
import { MemoryAnalytics } from '../../../storage/memory/analytics-memory.ts';
import {
  ALL,
  type AnalyticsStore,
  subjectOfCreator,
  subjectOfDrop,
} from '../../../storage/ports/analytics.ts';
import { createDrop, type Harness, NOW, place, startHost } from '../../actors/harness.ts';
import { flush } from '../../actors/manual-clock.ts';
import { CREATOR, DROP_ID, type History, history, START, step } from '../../domain/histories.ts';
import { ExpectedSums, storedSums } from './expected-sums.ts';

const SUBJECTS = [ALL, subjectOfCreator(CREATOR.userId), ...['d_1', 'd_2'].map(subjectOfDrop)];
/** So small that everything leaves memory with each change that is stored. */
const TINY = { dropsMax: 0, segmentsMax: 0, buyersBytesMax: 0 };

/** Two drops of one creator with the same events. Up to four steps become one entry. */
async function run({ terms, stock, steps }: History): Promise<Harness> {
  const harness = await startHost(undefined, 1);
  const { host, journal, clock } = harness;
  clock.shiftWall(START - NOW);
  const both = (command: DropCommand) => [
    command,
    JSON.parse(JSON.stringify(command).replaceAll(DROP_ID, 'd_2')) as DropCommand,
  ];
  const replies = [host.execute(both({ type: 'create-drop', dropId: DROP_ID, terms, stock }))];
  for (const [i, { afterMs, command }] of steps.entries()) {
    if (i % 4 === 0) journal.hold();
    await clock.advance(afterMs);
    if (command !== null) replies.push(host.execute(both(command)));
    if (i % 4 === 3) {
      journal.release();
      await flush();
    }
  }
  journal.release();
  await Promise.all(replies);
  await harness.relay.caughtUp();
  return harness;
}

/** Reads a journal, and begins anew from what is stored after each `entries` entries. */
async function account(
  store: AnalyticsStore,
  generation: number,
  { journal }: Harness,
  entries: number,
  bounds = {},
): Promise<void> {
  const exact = store.exact(generation);
  const { lastSequence } = await journal.head(0);
  for (;;) {
    const opened = await Account.open({ store: exact, bounds });
    let taken = 0;
    for await (const entry of readEntries(journal, 0, opened.position(0), lastSequence)) {
      if (++taken > entries) break;
      await opened.add(entry);
    }
    if (!(await opened.flush())) throw new Error('nobody else stores anything');
    if (taken <= entries) return;
  }
}

async function stored(store: MemoryAnalytics, generation: number) {
  const exact = store.exact(generation);
  const ids = await exact.dropsOf(CREATOR.userId);
  const drops = await exact.drops(ids.sort());
  const segments = await Promise.all(ids.map((id) => exact.segments(id, 0, 100)));
  return { drops, segments, positions: await exact.positions() };
}

const longHistory = fc
  .tuple(history, fc.array(step, { minLength: 40, maxLength: 80, size: 'max' }))
  .map(([lived, steps]) => ({ ...lived, steps }));
/** What must have happened in some life, since otherwise equal sums would prove little. */
const RARE = [
  'paymentsLate',
  'paymentsRejected',
  'paymentsDeclined',
  'paymentsFailed',
  'holdsExpired',
  'holdsReleased',
  'refundsWhole',
  'refundsPart',
  'buyersReturning',
];
const RUNS_AT_ONCE = 50;
const RUNS_MIN = 100;
const RUNS_MAX = 800;

test('L2: sums equal a replay to the unit, over random histories and crashes', async (t) => {
  const seen = new Set<string>();
  const isSeen = (name: string): boolean => seen.has(name);
  for (let runs = 0; runs < RUNS_MIN || (runs < RUNS_MAX && !RARE.every(isSeen)); ) {
    await fc.assert(
      fc.asyncProperty(longHistory, fc.integer({ min: 1, max: 9 }), async (lived, entries) => {
        const harness = await run(lived);
        const { batches } = harness.consumer;
        const expected = ExpectedSums.of(batches);
        const store = new MemoryAnalytics();
        await account(store, 1, harness, entries, TINY);
        t.deepEqual(await storedSums(store, SUBJECTS, START), expected);
        checkDrops(batches, (await stored(store, 1)).drops);
        for (const values of expected.values())
          for (const name of Object.keys(values)) seen.add(name);

        const before = await stored(store, 1);
        const made = await store.begin();
        await account(store, made, harness, Infinity);
        await store.serve(made);
        t.deepEqual(await storedSums(store, SUBJECTS, START), expected, 'made again');
        t.deepEqual(await stored(store, made), before, 'to the byte');
      }),
      { numRuns: RUNS_AT_ONCE },
    );
    runs += RUNS_AT_ONCE;
  }
  for (const name of RARE) t.true(isSeen(name), `no ${name} in any life`);

  function checkDrops(
    batches: readonly FactBatch[],
    drops: Awaited<ReturnType<typeof stored>>['drops'],
  ): void {
    const views = new Map(batches.flatMap(({ facts }) => facts.map(({ drop }) => [drop.id, drop])));
    for (const drop of drops) {
      const { stocked, held, sold, version } = views.get(drop!.id)!;
      t.like(drop, { stocked, held, sold, version });
    }
  }
});

test('L2: orders of many segments are found again after a crash, and refunded', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, clock, relay, consumer } = harness;
  const count = 2 * SEGMENT_ORDERS + 10;
  await createDrop(host, count, { payment: 'provider', holdSeconds: 60, limitPerUser: count });
  await host.execute(Array.from({ length: count }, (_, i) => place(`user${i}`, `key${i}`)));
  await clock.advance(61_000);
  await relay.caughtUp();
  const store = new MemoryAnalytics();
  await account(store, 1, harness, 1, TINY);
  const subjects = [ALL, subjectOfDrop(DROP_ID)];
  const ofDrop = [...ExpectedSums.of(consumer.batches)].filter(([key]) =>
    subjects.some((subject) => key.startsWith(`${subject} `)),
  );
  t.deepEqual(await storedSums(store, subjects, NOW), new Map(ofDrop));
  const [all] = await store.sums(ALL, 'all', 0, 1);
  t.is(all!.values['holdsExpired'], count);
  const [drop] = await store.exact(1).drops([DROP_ID]);
  t.is(drop!.soldOutAt, NOW);
});

test('L2: what is refunded at the provider’s desk is what was not refunded in parts', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, relay, consumer } = harness;
  await createDrop(host, 10, { payment: 'provider', holdSeconds: 60, limitPerUser: 5 });
  await host.execute([place('ann', 'k', 3)]);
  const orderId = consumer.batches.flatMap(({ facts }) => facts).at(-1)!.order!.id;
  const about = { dropId: DROP_ID, orderId } as const;
  const paid = { ...about, reference: 'ref', amount: null, currency: null } as const;
  const caller = { userId: 'ada', operator: true };
  const commands: DropCommand[] = [
    { type: 'record-payment', ...paid, outcome: 'succeeded' },
    { type: 'refund-order', ...about, caller, amount: 100, quantity: 1, restock: false },
    { type: 'record-payment', ...paid, outcome: 'refunded' },
  ];
  for (const command of commands) await host.execute([command]);
  await relay.caughtUp();
  const types = consumer.batches.flatMap(({ facts }) => facts.map(({ event }) => event.type));
  t.true(types.includes('order-part-refunded') && types.includes('order-refunded-at-provider'));
  const store = new MemoryAnalytics();
  await account(store, 1, harness, 1, TINY);
  const expected = ExpectedSums.of(consumer.batches);
  const [all] = await store.sums(ALL, 'all', 0, 1);
  t.deepEqual(all!.values, expected.get(`${ALL} all 0`));
  t.is(all!.values['refundedUnits'], 3);
  const [drop] = await store.exact(1).drops([DROP_ID]);
  t.like(drop, { sold: 0, held: 0, stocked: 9 });
});

test('L2: who is overtaken stores nothing', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, journal } = harness;
  await createDrop(host, 10);
  await host.execute([place('ann')]);
  const store = new MemoryAnalytics();
  const exact = store.exact(1);
  const { lastSequence } = await journal.head(0);
  const both = [await Account.open({ store: exact }), await Account.open({ store: exact })];
  for (const one of both)
    for await (const entry of readEntries(journal, 0, 0, lastSequence)) await one.add(entry);
  t.true(await both[0]!.flush());
  t.false(await both[1]!.flush());
  const [all] = await store.sums(ALL, 'all', 0, 1);
  t.is(all!.values['orders'], 1);
});

test('L2: who is overtaken while it reads is not taken for damage', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, journal } = harness;
  await createDrop(host, 10);
  await host.execute([place('ann')]);
  const exact = new MemoryAnalytics().exact(1);
  const late = await Account.open({ store: exact });
  const first = await Account.open({ store: exact });
  const { lastSequence } = await journal.head(0);
  for await (const entry of readEntries(journal, 0, 0, lastSequence)) await first.add(entry);
  t.true(await first.flush());
  for await (const entry of readEntries(journal, 0, 0, 1))
    await t.throwsAsync(late.add(entry), { instanceOf: OvertakenError });
  // A drop that is elsewhere, and nobody else stored anything: that is damage.
  const again = await Account.open({ store: exact });
  for await (const entry of readEntries(journal, 0, 0, 1))
    await t.throwsAsync(again.add(entry), { code: 'corrupt' });
});

test('L2: buyers are new and returning in whatever order sales are read', (t) => {
  const sold = fc.record({
    user: fc.nat(5),
    dropId: fc.constantFrom('d_1', 'd_2', 'd_3'),
    time: fc.nat(20),
  });
  fc.assert(
    fc.property(
      fc.array(sold, { maxLength: 40 }),
      fc.array(fc.nat(), { minLength: 40 }),
      (all, by) => {
        const sales = all.toSorted((a, b) => a.time - b.time || (a.dropId < b.dropId ? -1 : 1));
        // Each drop's own sales come in order, as its journal has them.
        const queues = ['d_1', 'd_2', 'd_3'].map((id) =>
          sales.filter(({ dropId }) => dropId === id),
        );
        const shuffled: typeof sales = [];
        for (const pick of by) {
          const waiting = queues.filter(({ length }) => length > 0);
          if (waiting.length > 0) shuffled.push(waiting[pick % waiting.length]!.shift()!);
        }
        t.deepEqual(counted(shuffled), counted(sales));
      },
    ),
  );

  function counted(sales: readonly { user: number; dropId: string; time: number }[]) {
    const buyers = new Buyers();
    const counts: Record<string, number> = {};
    for (const { user, dropId, time } of sales) {
      const mark = saleMark(time, time > 10);
      buyers.sold(user, 0, { dropId, mark }, ({ sale, name, value }) => {
        const key = `${sale.dropId} ${sale.mark} ${name}`;
        counts[key] = (counts[key] ?? 0) + value;
        if (counts[key] === 0) delete counts[key];
      });
    }
    return counts;
  }
});

test('L2: buyers that are loaded in the order of orders are those that were sold to', (t) => {
  const order = fc.record({
    user: fc.nat(3),
    dropId: fc.constantFrom('d_1', 'd_2', 'd_3'),
    time: fc.nat(20),
  });
  const orders = fc.array(order, { maxLength: 30 });
  fc.assert(
    fc.property(orders, orders, (before, after) => {
      // Held orders are paid in another order than they were placed in.
      const [lived, loaded] = [new Buyers(), new Buyers()];
      for (const { user, ...sale } of before.toSorted((a, b) => a.time - b.time))
        lived.sold(user, 0, saleOf(sale), () => undefined);
      for (const { user, ...sale } of before) loaded.load(user, 0, saleOf(sale));
      const changes: BuyerChange[][] = [lived, loaded].map((buyers) => {
        const seen: BuyerChange[] = [];
        for (const { user, ...sale } of after.toSorted((a, b) => a.time - b.time))
          buyers.sold(user, 0, saleOf(sale), (change) => seen.push(change));
        return seen;
      });
      t.deepEqual(changes[1], changes[0]);
    }),
  );

  function saleOf({ dropId, time }: { dropId: string; time: number }) {
    return { dropId, mark: saleMark(time, false) };
  }
});

test('L2: many buyers stay apart while their table grows', (t) => {
  const buyers = new Buyers();
  const hash = new Uint32Array(2);
  let fresh = 0;
  const sell = (count: number) => {
    for (let i = 0; i < count; i++) {
      hashUser(`u_${i}`, hash);
      const sale = { dropId: 'd_1', mark: saleMark(i, false) };
      buyers.sold(hash[0]!, hash[1]!, sale, ({ value }) => (fresh += value));
    }
  };
  sell(100_000);
  sell(100_000);
  t.is(fresh, 100_000);
});

test('L2: a segment of orders is read as it was written', (t) => {
  const segment = new OrderSegment();
  segment.add(3, Uint32Array.from([2 ** 32 - 1, 7]), saleMark(1_900_000_000_000, true));
  segment.add(1, Uint32Array.from([0, 1]), 0);
  segment.partsOf(0).amount = 99;
  const read = OrderSegment.decode(segment.encode());
  t.deepEqual(read.encode(), segment.encode());
  t.deepEqual(read.parts, segment.parts);
  t.is(read.soldAt[0], saleMark(1_900_000_000_000, true));
  t.throws(() => OrderSegment.decode(segment.encode().subarray(0, 30)));
});
