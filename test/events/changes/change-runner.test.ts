// Consumers of the change stream: their positions, full passes, retries, and what is trimmed behind
// them (C1).

import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { ChangeRunner } from '../../../events/changes/change-runner.ts';
import { ChangeTrimmer } from '../../../events/changes/change-trimmer.ts';
import { ConsumerLease } from '../../../events/off-loop/consumer-lease.ts';
import { MemoryConsumerLeases } from '../../../storage/memory/consumer-leases-memory.ts';
import { type MemoryStores, memoryStores } from '../../../storage/memory/stores.ts';
import type { ConsumerPositions } from '../../../storage/ports/consumer-positions.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { FollowerCounter } from './follower-counter.ts';

const CREATORS = ['creator_1', 'creator_2', 'creator_3'];
const log = pino({ level: 'silent' });

interface Bench {
  readonly stores: MemoryStores;
  readonly counter: FollowerCounter;
  readonly clock: ManualClock;
  /** Starts a runner, as a new process does. */
  run(positions?: ConsumerPositions): ChangeRunner;
}

function bench(t: ExecutionContext, retainedMax?: number): Bench {
  const stores = memoryStores({ retainedMax });
  const counter = new FollowerCounter();
  const clock = new ManualClock(1_700_000_000_000);
  const { changes } = stores;
  return {
    stores,
    counter,
    clock,
    run(positions = stores.consumerPositions) {
      const runner = new ChangeRunner({
        consumer: counter,
        changes,
        positions,
        lease: null,
        clock,
        log,
      });
      runner.start();
      t.teardown(() => runner.stop());
      return runner;
    },
  };
}

async function follow(stores: MemoryStores, users: number, from = 0): Promise<void> {
  for (let i = from; i < from + users; i++)
    for (const creator of CREATORS) await stores.follows.follow(`user_${i}`, creator, i + 1);
}

async function countsAreExact(t: ExecutionContext, { stores, counter }: Bench): Promise<void> {
  for (const creator of CREATORS) {
    const { followers } = await stores.follows.counts(creator);
    t.is(counter.followersOf(creator), followers, creator);
  }
}

test('C1: a consumer follows the stream, and goes on from its stored position', async (t) => {
  const at = bench(t);
  await follow(at.stores, 200);
  const first = at.run();
  await at.clock.advance(1);
  await countsAreExact(t, at);
  await at.stores.follows.unfollow('user_5', 'creator_1');
  await at.clock.advance(1);
  await countsAreExact(t, at);
  t.is(await first.lag(), 0);
  await first.stop();
  const before = at.counter.consumed.length;
  await follow(at.stores, 3, 1000);
  const second = at.run();
  await at.clock.advance(1);
  t.is(at.counter.consumed.length, before + 9, 'nothing came again, nothing was left out');
  await countsAreExact(t, at);
  t.is(at.counter.fullPasses, 0);
  await second.stop();
});

test('C1: a crash between effect and position has the effect of once', async (t) => {
  const at = bench(t);
  await follow(at.stores, 50);
  const lost: ConsumerPositions = {
    load: (consumer, shard) => at.stores.consumerPositions.load(consumer, shard),
    save: (consumer, moved) => at.stores.consumerPositions.save(consumer, moved),
    replace: () => new Promise(() => {}),
  };
  const { changes } = at.stores;
  const { counter, clock } = at;
  // Never stopped: the process died during `save`.
  new ChangeRunner({
    consumer: counter,
    changes,
    positions: lost,
    lease: null,
    clock,
    log,
  }).start();
  await clock.advance(1);
  t.true(counter.consumed.length > 0);
  await at.stores.follows.unfollow('user_1', 'creator_1');
  at.run();
  await clock.advance(1);
  const sequences = counter.consumed.map(({ bucket, sequence }) => `${bucket} ${sequence}`);
  t.true(new Set(sequences).size < sequences.length, 'records came twice');
  await countsAreExact(t, at);
});

test('C1: a consumer behind trimmed records makes a full pass, deletions included', async (t) => {
  const at = bench(t, 40);
  await follow(at.stores, 5);
  const first = at.run();
  await at.clock.advance(1);
  await first.stop();
  for (const creator of CREATORS) await at.stores.follows.unfollow('user_2', creator);
  await follow(at.stores, 100, 500);
  at.run();
  await at.clock.advance(1);
  t.true(at.counter.fullPasses > 0);
  await countsAreExact(t, at);
});

test('C1: changes beside a full pass are not missed', async (t) => {
  const at = bench(t, 400);
  await follow(at.stores, 200);
  let step = 0;
  at.counter.afterEffect = async () => {
    step += 1;
    if (step > 6) return;
    // In every bucket, that of the pass too.
    for (let i = 0; i < 8; i++) {
      await at.stores.follows.unfollow(`user_${step * 8 + i}`, 'creator_1');
      await at.stores.follows.follow(`late_${step * 8 + i}`, 'creator_2', step);
    }
  };
  at.run();
  await at.clock.advance(1);
  t.true(at.counter.fullPasses > 0 && step > 6);
  await countsAreExact(t, at);
});

test('C1: a consumer that fails gets the same again, with growing delays', async (t) => {
  const at = bench(t);
  await follow(at.stores, 2);
  let tries = 0;
  at.counter.afterEffect = async () => {
    tries += 1;
    throw new Error('not now');
  };
  at.run();
  await at.clock.advance(0);
  const { bucketCount } = at.stores.changes;
  const busy = tries;
  t.true(busy > 0 && busy <= bucketCount);
  // The wall clock is set an hour back and forth, which changes nothing.
  at.clock.shiftWall(-3_600_000);
  await at.clock.advance(50);
  t.is(tries, 2 * busy);
  at.clock.shiftWall(7_200_000);
  await at.clock.advance(99);
  t.is(tries, 2 * busy);
  await at.clock.advance(1);
  t.is(tries, 3 * busy);
  at.counter.afterEffect = async () => {};
  await at.clock.advance(200);
  await countsAreExact(t, at);
});

test('C1: records that all consumers consumed are trimmed, except the newest', async (t) => {
  const { stores, clock } = bench(t);
  const { changes, consumerPositions: positions } = stores;
  await follow(stores, 100);
  const consumers = ['one', 'two'];
  const trimmer = new ChangeTrimmer({ changes, positions, consumers, clock, log, keptMin: 80 });
  trimmer.start();
  t.teardown(() => trimmer.stop());
  const share = 80 / changes.bucketCount;
  await positions.save('changes:one', [{ shard: 0, sequence: 1000 }]);
  await positions.save('changes:two', [{ shard: 0, sequence: 5 }]);
  await clock.advance(60_000);
  const { last } = await changes.head(0);
  t.true(last > share + 5);
  t.deepEqual(await changes.head(0), { last, trimmed: 4 });
  t.is((await changes.head(1)).trimmed, 0, 'where a consumer has taken nothing, all of it stays');
  await positions.save('changes:two', [{ shard: 0, sequence: last }]);
  clock.shiftWall(-3_600_000);
  await clock.advance(60_000);
  t.deepEqual(await changes.head(0), { last, trimmed: last - share });
});

test('C1: one of two processes runs a consumer; the other continues after it', async (t) => {
  const { stores, clock } = bench(t);
  const { changes, consumerPositions: positions } = stores;
  const leases = new MemoryConsumerLeases({ now: () => clock.monotonic() });
  const [first, second] = ['a', 'b'].map((holder) => {
    const consumer = new FollowerCounter();
    const lease = new ConsumerLease({ consumer: consumer.name, holder, leases, clock });
    const runner = new ChangeRunner({ consumer, changes, positions, lease, clock, log });
    runner.start();
    t.teardown(() => runner.stop());
    return { consumer, runner };
  });
  await follow(stores, 50);
  await clock.advance(60_000);
  t.is(first!.consumer.consumed.length, 150);
  t.is(second!.consumer.consumed.length, 0);
  await first!.runner.stop();
  await follow(stores, 2, 1000);
  await clock.advance(60_000);
  t.is(first!.consumer.consumed.length, 150);
  t.is(second!.consumer.consumed.length, 6, 'nothing came again, nothing was left out');
  t.is(second!.consumer.fullPasses, 0);
});
