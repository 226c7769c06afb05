import test from 'ava';
import pino from 'pino';
import { ConsumerLease } from '../../../events/off-loop/consumer-lease.ts';
import { OffLoopRunner } from '../../../events/off-loop/off-loop-runner.ts';
import { PositionedConsumer } from '../../../events/positioned-consumer.ts';
import { MemoryConsumerLeases } from '../../../storage/memory/consumer-leases-memory.ts';
import { MemoryConsumerPositions } from '../../../storage/memory/consumer-positions-memory.ts';
import { MemorySpillStore } from '../../../storage/memory/spill-memory.ts';
import { createDrop, type Harness, order, startHost } from '../../actors/harness.ts';

const HOUR_MS = 3_600_000;

/** A process that can run the consumer `counts`, over the journals of `harness`. */
function runner(
  harness: Harness,
  options: {
    readonly holder: string;
    readonly leases: MemoryConsumerLeases;
    readonly positions: MemoryConsumerPositions;
    readonly taken: string[];
    readonly isNeeded?: () => Promise<boolean>;
  },
): OffLoopRunner {
  const { clock } = harness;
  const { holder, leases, positions, taken, isNeeded } = options;
  const consumer = new PositionedConsumer({
    name: 'counts',
    placement: 'off-loop',
    positions,
    handle: async (batches) => {
      for (const { sequence } of batches) taken.push(`${holder} ${sequence}`);
    },
    ...(isNeeded !== undefined && { isNeeded }),
  });
  return new OffLoopRunner({
    ...harness,
    consumer,
    shardCount: 1,
    openSpill: () => new MemorySpillStore(),
    lease: new ConsumerLease({ consumer: consumer.name, holder, leases, clock }),
    log: pino({ level: 'silent' }),
  });
}

async function twoRunners(isNeeded?: () => Promise<boolean>) {
  const harness = await startHost(undefined, 1);
  const { clock } = harness;
  const taken: string[] = [];
  const leases = new MemoryConsumerLeases({ now: () => clock.monotonic() });
  const positions = new MemoryConsumerPositions();
  const shared = { leases, positions, taken, ...(isNeeded !== undefined && { isNeeded }) };
  const [a, b] = ['a', 'b'].map((holder) => runner(harness, { ...shared, holder }));
  await createDrop(harness.host, 50);
  return { ...harness, a: a!, b: b!, taken, positions };
}

test('a consumer runs on one node at a time, and on another once that one ends', async (t) => {
  const { host, clock, a, b, taken, positions } = await twoRunners();
  a.start();
  await clock.advance(200);
  b.start();
  await order(host, 'ann');
  await clock.advance(5_000);
  t.deepEqual(taken, ['a 1', 'a 2']);
  await a.stop();
  await order(host, 'ben');
  await clock.advance(5_000);
  t.deepEqual(taken, ['a 1', 'a 2', 'b 3']);
  t.is(await positions.load('counts', 0), 3);
  await b.stop();
});

test('what nobody needs is passed over unread, and what comes later is read', async (t) => {
  let isNeeded = false;
  const { host, clock, a, b, taken, positions } = await twoRunners(async () => isNeeded);
  a.start();
  await order(host, 'ann');
  await clock.advance(5_000);
  t.deepEqual([taken, await positions.load('counts', 0)], [[], 2]);
  isNeeded = true;
  await clock.advance(5_000);
  t.deepEqual(taken, []);
  await order(host, 'ben');
  await clock.advance(5_000);
  t.deepEqual(taken, ['a 3']);
  isNeeded = false;
  await clock.advance(5_000);
  await order(host, 'cleo');
  await clock.advance(5_000);
  t.is(await positions.load('counts', 0), 4);
  await a.stop();
  isNeeded = true;
  b.start();
  await order(host, 'dora');
  await clock.advance(5_000);
  t.deepEqual(taken, ['a 3', 'b 5']);
  await b.stop();
});

test('while nobody needs what comes, positions are stored once a second', async (t) => {
  let isNeeded = false;
  const { host, clock, a, taken, positions } = await twoRunners(async () => isNeeded);
  let saves = 0;
  const save = positions.save.bind(positions);
  positions.save = (...moved) => {
    saves += 1;
    return save(...moved);
  };
  a.start();
  for (let i = 0; i < 40; i++) {
    await order(host, `buyer-${i}`);
    await clock.advance(125);
  }
  t.true(saves >= 4 && saves <= 6, `${saves} in 5 seconds`);
  t.deepEqual(
    a.lag().map(({ ms }) => ms),
    [0],
  );
  await clock.advance(1_000);
  isNeeded = true;
  await order(host, 'late');
  await clock.advance(1_000);
  t.deepEqual(taken, ['a 42']);
  await a.stop();
});

for (const shiftMs of [HOUR_MS, -HOUR_MS]) {
  test(`a wall clock set by ${shiftMs} ms gives no second node a consumer`, async (t) => {
    const { host, clock, a, b, taken } = await twoRunners();
    a.start();
    await clock.advance(200);
    b.start();
    await order(host, 'ann');
    clock.shiftWall(shiftMs);
    await clock.advance(30_000);
    t.deepEqual(taken.slice(0, 2), ['a 1', 'a 2']);
    t.false(taken.some((one) => one.startsWith('b')));
    await Promise.all([a.stop(), b.stop()]);
  });
}

test('a lease that is not renewed ends here no later than in the store', async (t) => {
  const { clock } = await startHost(undefined, 1);
  const leases = new MemoryConsumerLeases({ now: () => clock.monotonic() });
  const lease = new ConsumerLease({ consumer: 'counts', holder: 'a', leases, clock });
  t.true(await lease.hold());
  leases.hold = () => Promise.reject(new Error('away'));
  await clock.advance(9_999);
  t.true(await lease.hold());
  await clock.advance(1);
  t.false(await lease.hold());
});

test('a consumer that cannot read the journals lags by as long as that is so', async (t) => {
  const { clock, a, journal } = await twoRunners();
  a.start();
  await clock.advance(1_000);
  const ms = () => a.lag().map((lag) => lag.ms);
  t.deepEqual(ms(), [0]);
  const head = journal.head.bind(journal);
  // The lease goes on: its store answers.
  journal.head = () => Promise.reject(new Error('away'));
  await clock.advance(5_000);
  const [behind = 0] = ms();
  t.true(behind >= 4_500 && behind <= 5_000, `${behind}`);
  journal.head = head;
  await clock.advance(1_000);
  t.deepEqual(ms(), [0]);
  await a.stop();
});

test('a journal that cannot be read is polled again and stops no other consumer', async (t) => {
  const { host, clock, a, b, taken, journal } = await twoRunners();
  const head = journal.head.bind(journal);
  let failures = 2;
  journal.head = async (shard) => {
    if (failures-- > 0) throw new Error('away');
    return await head(shard);
  };
  a.start();
  await order(host, 'ann');
  await clock.advance(1_000);
  t.deepEqual(taken, ['a 1', 'a 2']);
  await Promise.all([a.stop(), b.stop()]);
});
