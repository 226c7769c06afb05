// The target's side of a move where several shards arrive at once.

import test from 'ava';
import { ShardArrivals } from '../../actors/cluster/shard-arrivals.ts';
import { MemoryPlacementStore } from '../../storage/memory/placement-memory.ts';
import { createDrop, NOW, place, startHost } from './harness.ts';
import { flush, ManualClock } from './manual-clock.ts';

const FROM = { nodeId: 'a', incarnation: 'run-1' };
const SELF = { nodeId: 'b', incarnation: 'run-2' };
/** Several slices of a replay. */
const ORDERS = 2_000;
const ORDERS_AT_ONCE = 20;

test('W4: a preparation pauses during a take-over, within a bound', async (t) => {
  const { host, journal, snapshots } = await startHost(undefined, 1);
  await createDrop(host, ORDERS);
  for (let placed = 0; placed < ORDERS; placed += ORDERS_AT_ONCE) {
    const users = Array.from({ length: ORDERS_AT_ONCE }, (_, i) => `user-${placed + i}`);
    await host.execute(users.map((user) => place(user)));
  }
  const clock = new ManualClock(NOW);
  const placement = new MemoryPlacementStore({ now: () => clock.now() });
  const takeOvers: (() => void)[] = [];
  placement.moveShard = async () => {
    await new Promise<void>((resolve) => takeOvers.push(resolve));
    return 2;
  };
  const arrivals = new ShardArrivals({
    self: SELF,
    journal,
    snapshots,
    placement,
    serve: async () => null,
    refusal: () => null,
    clock,
  });
  let prepared = false;
  const prepare = async (): Promise<void> => {
    prepared = false;
    t.is(await arrivals.warm(0), null);
    prepared = true;
  };
  const takenOver = arrivals.takeOver({ shard: 1, from: FROM, version: 1 });
  const first = prepare();
  await clock.advance(100);
  await flush();
  t.false(prepared);
  for (const go of takeOvers.splice(0)) go();
  t.is(await takenOver, null);
  await clock.advance(10);
  await first;
  t.true(prepared);

  // One that hangs holds nobody up for good.
  const hanging = arrivals.takeOver({ shard: 1, from: FROM, version: 1 });
  const second = prepare();
  await clock.advance(2_000);
  await second;
  t.true(prepared);
  for (const go of takeOvers.splice(0)) go();
  await hanging;
  arrivals.stop();
  await host.stop();
});
