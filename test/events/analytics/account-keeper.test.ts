// The keeper of the account: what it removes, and when it begins anew.

import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import {
  AccountKeeper,
  type AccountKeeperOptions,
} from '../../../events/analytics/account-keeper.ts';
import { ConsumerLease } from '../../../events/off-loop/consumer-lease.ts';
import { MemoryAnalytics } from '../../../storage/memory/analytics-memory.ts';
import { MemoryConsumerLeases } from '../../../storage/memory/consumer-leases-memory.ts';
import { MemoryJournal } from '../../../storage/memory/journal-memory.ts';
import { flush, ManualClock } from '../../actors/manual-clock.ts';

const POLL_MS = 500;

function start(
  t: ExecutionContext,
  changed: Partial<AccountKeeperOptions>,
  clock = new ManualClock(1_800_000_000_000),
) {
  const keeper = new AccountKeeper({
    store: new MemoryAnalytics(),
    journal: new MemoryJournal(),
    shardCount: 1,
    lease: null,
    pollMs: POLL_MS,
    clock,
    log: pino({ level: 'silent' }),
    ...changed,
  });
  t.teardown(() => keeper.stop());
  keeper.start();
  const poll = async () => {
    await flush();
    await clock.advance(POLL_MS);
    await flush();
  };
  return { keeper, clock, poll };
}

test('L2: old sums are removed in portions, one a poll, until a portion is short', async (t) => {
  const store = new MemoryAnalytics();
  const limits: number[] = [];
  const portions = [2_000, 2_000, 3];
  store.trim = async (_now, limit) => {
    limits.push(limit);
    return portions[limits.length - 1] ?? 0;
  };
  const { poll } = start(t, { store });
  for (let polls = 0; polls < 10; polls++) await poll();
  t.deepEqual(limits, [2_000, 2_000, 2_000]);
  for (let polls = 0; polls < 60_000 / POLL_MS; polls++) await poll();
  t.is(limits.length, 4, 'once a minute');
});

test('L2: who had no lease for a while begins with what is stored by then', async (t) => {
  const clock = new ManualClock(1_800_000_000_000);
  const leases = new MemoryConsumerLeases({ now: () => clock.monotonic() });
  const lease = new ConsumerLease({ consumer: 'analytics', holder: 'one', leases, clock });
  const store = new MemoryAnalytics();
  let opened = 0;
  const exact = store.exact.bind(store);
  store.exact = (generation) => {
    opened += 1;
    return exact(generation);
  };
  let stall: Promise<void> | null = null;
  const generation = store.generation.bind(store);
  store.generation = async () => {
    await stall;
    return await generation();
  };
  const { poll } = start(t, { store, lease }, clock);
  for (let polls = 0; polls < 60; polls++) await poll();
  t.is(opened, 1, 'one account, while the lease is renewed');
  const { promise, resolve } = Promise.withResolvers<void>();
  stall = promise;
  await poll();
  await clock.advance(11_000);
  t.true(await leases.hold('analytics', 'another', 1_000));
  await leases.release('analytics', 'another');
  stall = null;
  resolve();
  for (let polls = 0; polls < 10; polls++) await poll();
  t.is(opened, 2);
});
