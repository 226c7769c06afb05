// A node is killed while it sells: what was sold is counted to the unit afterwards, and of what its
// gateway counted at most the last second is lost.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ClusterNode } from '../cluster/cluster-node.ts';
import { AUTH_SECRET, eventually, type Json } from '../end-to-end/sale-client.ts';

const KILLS = 3;
const ORDERS_AT_ONCE = 8;
const ORDERS_BETWEEN_KILLS = 120;
const WAIT_MAX_MS = 60_000;

test('L2: sums are those of the journal after kill -9, however often', async (t) => {
  t.timeout(240_000);
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-analytics-killed-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const node = new ClusterNode({
    nodeId: 'alone',
    environment: {
      LIVEDROPS_DATA: join(directory, 'data'),
      LIVEDROPS_PORT: '0',
      LIVEDROPS_RATE_LIMITS: 'off',
      LIVEDROPS_LOG: 'warn',
      LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
    },
  });
  t.teardown(() => node.kill());
  await node.start();
  const dropId = await node.client.drop('cleo', { stock: 100_000, unitAmount: 300 });
  const path = `/v1/drops/${dropId}/analytics`;
  const total = async () => (await node.client.get(path, { as: 'cleo' })).json['total'] as Json;
  let buyers = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const { tries } = await total();
    const orders = async () => {
      for (let i = 0; i < ORDERS_BETWEEN_KILLS / ORDERS_AT_ONCE; i++)
        await node.client.order(dropId, `buyer${++buyers}`, 'k').catch(() => undefined);
    };
    await Promise.all(Array.from({ length: ORDERS_AT_ONCE }, orders));
    // Some are stored by now, and some are not.
    await eventually(total, (now) => (now['tries'] as number) > (tries as number), WAIT_MAX_MS);
    const last = Array.from({ length: ORDERS_AT_ONCE }, () =>
      node.client.order(dropId, `buyer${++buyers}`, 'k').catch(() => undefined),
    );
    await node.kill();
    await Promise.all(last);
    await node.start();
  }
  const { sold } = (await node.client.get(`/v1/drops/${dropId}`)).json as { sold: number };
  t.true(sold >= KILLS * ORDERS_BETWEEN_KILLS);
  const seen = await eventually(total, ({ orders }) => orders === sold, WAIT_MAX_MS);
  t.like(seen, {
    placed: sold,
    orders: sold,
    units: sold,
    revenue: [{ currency: 'EUR', amount: sold * 300 }],
    buyers: { new: sold, returning: 0 },
  });
  t.true((seen['tries'] as number) > 0 && (seen['tries'] as number) <= buyers);
});
