import test from 'ava';
import pino from 'pino';
import { BATCH_GAP_MS } from '../../actors/shard/batch-gap.ts';
import { ShardHost } from '../../actors/shard/shard-host.ts';
import { createDrop, type Harness, order, place, startHost } from './harness.ts';

/** A host with pauses, and a live drop on it. */
async function pausingHost() {
  const { journal, snapshots, orderList, bus, clock }: Harness = await startHost(undefined, 1);
  const stores = { journal, snapshots, orderList, bus, clock };
  const log = pino({ level: 'silent' });
  const options = { ...stores, nodeId: 'test', shardCount: 1, batchGapMs: BATCH_GAP_MS, log };
  const host = new ShardHost(options);
  await host.start();
  await createDrop(host, 1_000, { limitPerUser: 1_000 });
  await clock.advance(10);
  return { host, journal, clock };
}

/** One entry with several orders. */
async function orderTogether(host: ShardHost, count: number): Promise<void> {
  await host.execute(Array.from({ length: count }, (_, i) => place(`many-${i}`, `key-${i}`)));
}

test('orders of the millisecond after a small entry share the next one', async (t) => {
  const { host, journal, clock } = await pausingHost();
  await orderTogether(host, 3);
  const before = journal.appends;
  let answered = 0;
  const orders = ['ann', 'ben', 'cleo'].map(async (userId) => {
    await order(host, userId);
    answered += 1;
  });
  await clock.advance(BATCH_GAP_MS / 2);
  t.deepEqual([journal.appends, answered], [before, 0]);
  await clock.advance(BATCH_GAP_MS);
  await Promise.all(orders);
  t.is(journal.appends, before + 1);
});

test('nobody waits once the millisecond is over', async (t) => {
  const { host, journal, clock } = await pausingHost();
  await orderTogether(host, 3);
  await clock.advance(BATCH_GAP_MS);
  const before = journal.appends;
  await order(host, 'ann');
  t.is(journal.appends, before + 1);
});

test('a client that is alone never waits, however fast it orders', async (t) => {
  const { host, journal } = await pausingHost();
  const before = journal.appends;
  for (let i = 0; i < 5; i++) await order(host, 'ann', `key-${i}`);
  t.is(journal.appends, before + 5);
});

test('enough orders for an entry of their own do not wait', async (t) => {
  const { host, journal } = await pausingHost();
  await orderTogether(host, 3);
  const before = journal.appends;
  const few = order(host, 'ann');
  await orderTogether(host, 40);
  await few;
  t.is(journal.appends, before + 1);
});

test('what comes due waits for no pause, and takes with it who waits', async (t) => {
  const { host, journal, clock } = await pausingHost();
  await createDrop(host, 5, { id: 'd_2', startsAt: clock.now() + 11 });
  await clock.advance(10.5);
  await orderTogether(host, 3);
  const waiting = order(host, 'ann');
  const before = journal.appends;
  await clock.advance(0.5);
  await waiting;
  t.is(journal.appends, before + 1);
});

test('a shard that stops in a pause leaves nobody without an answer', async (t) => {
  const { host } = await pausingHost();
  await orderTogether(host, 3);
  const replies = host.execute([place('ann'), place('ben')]);
  await host.stop();
  t.deepEqual(
    (await replies).map(({ ok }) => ok),
    [false, false],
  );
});
