// How `verify` compares read models with drops that may change meanwhile.

import test from 'ava';
import { verifyShards } from '../../actors/shard/verification.ts';
import type { OrderListStore } from '../../storage/ports/order-list.ts';
import { createDrop, type Harness, order, startHost } from './harness.ts';

async function verify(harness: Harness, listed: () => void) {
  const behind: Pick<OrderListStore, 'totalsOfDrop'> = {
    async totalsOfDrop() {
      listed();
      return { orders: 0, heldUnits: 0, soldUnits: 0 };
    },
  };
  const shards = harness.host.shards.map(({ id }) => id);
  return await verifyShards({
    ...harness,
    shards,
    orderList: behind as OrderListStore,
    missing: async () => [],
  });
}

test('X2: order lists that differ from an idle drop are a finding', async (t) => {
  const harness = await startHost();
  await createDrop(harness.host, 10);
  await order(harness.host, 'ann');
  const { ok, findings } = await verify(harness, () => undefined);
  t.false(ok);
  t.regex(findings[0]!, /^the order lists have 0 orders .* its owner 1 \(0 held, 1 sold\)$/);
});

test('X2: order lists that lag behind a selling drop are no finding', async (t) => {
  const harness = await startHost();
  await createDrop(harness.host, 100);
  let buyers = 0;
  // The next order comes when this look is over, so that the drop stood still during each look.
  const sellOn = () => void setImmediate(() => void order(harness.host, `buyer-${++buyers}`));
  await order(harness.host, 'first');
  const { ok, findings } = await verify(harness, sellOn);
  t.deepEqual(findings, []);
  t.true(ok && buyers > 10);
});
