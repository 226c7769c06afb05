// Nodes that cannot reach each other, or Redis, or both, while all processes run: each node is in
// its own network namespace, and its connection to a server is cut without an error. Nodes
// communicate only by NATS, so a node cut from NATS is cut from the other nodes.

import test, { type ExecutionContext } from 'ava';
import { LiveClient } from '../end-to-end/live-client.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { makeNamespaces } from './namespaces.ts';
import { Shopper } from './shopper.ts';
import { TestCluster } from './test-cluster.ts';

const NODES = 3;
const NORTH = 0;
/** Twice the five seconds of W3, for a machine that is busy with other tests. */
const FAILOVER_MAX_MS = 10_000;
/** A node cut from the others keeps its shards for five seconds, in case the cut is short. */
const GIVEN_MAX_MS = 25_000;

const namespaces = clusterInstalled ? makeNamespaces(NODES) : null;
let cluster: TestCluster;
const serial: (title: string, run: (t: ExecutionContext) => Promise<void>) => void =
  namespaces === null
    ? (title, run) => test.serial.skip(`${title} (no network namespaces here)`, run)
    : test.serial;
if (namespaces !== null) {
  const { redis, nats } = namespaces;
  test.before(async () => {
    cluster = await TestCluster.start({
      hosts: { redis: redis[0]!, nats: nats[0]!, node: (index) => namespaces.node(index) },
      within: (index) => namespaces.within(index),
    });
  });
  test.after.always(async () => {
    await cluster?.stop();
    namespaces.remove();
  });
}

serial(
  'W1, W6: a node cut from the others gives its shards to them, and gets them back',
  async (t) => {
    const dropId = await cluster.dropOn('north');
    const visitor = await LiveClient.visit(t, cluster.node('north').client, dropId);
    await visitor.next(({ type }) => type === 'drop.snapshot');
    t.teardown(() => namespaces?.mend(NORTH));
    namespaces?.cut(NORTH, namespaces.nats);
    // The node has the store and its lease, so it still serves its own gateway.
    t.is((await cluster.order('north', dropId, 'home')).status, 201);
    const tookMs = await cluster.orderUntilMade('south', dropId, 'afar', GIVEN_MAX_MS);
    t.true(tookMs < GIVEN_MAX_MS, `${tookMs} ms`);
    // Requests at the cut node are answered with a retry.
    t.is((await cluster.order('north', dropId, 'cut-off')).status, 503);
    namespaces?.mend(NORTH);
    await cluster.orderUntilMade('north', dropId, 'cut-off');
    await visitor.next(({ data }) => data?.['sold'] === 3);
    const versions = visitor.ofDrop(`drop:${dropId}`).map(({ version }) => version!);
    t.deepEqual(
      versions,
      [...new Set(versions)].toSorted((a, b) => a - b),
    );
    await cluster.whole();
  },
);

for (const servers of [['redis'], ['redis', 'nats']] as const) {
  const rule = 'W2, W3: a node cut from the store is succeeded within seconds, and answers nothing';
  serial(`${rule} (${servers.join(' and ')})`, async (t) => {
    const dropId = await cluster.dropOn('north');
    const north = cluster.node('north');
    const { json: before } = await cluster.order('north', dropId, 'before');
    const path = `/v1/orders/${String(before['id'])}`;
    const shopper = new Shopper({ cluster, via: 'south', dropId });
    await shopper.made(5);
    t.teardown(() => namespaces?.mend(NORTH));
    for (const server of servers) namespaces?.cut(NORTH, namespaces[server]);
    const tookMs = await cluster.orderUntilMade('west', dropId, 'after');
    t.true(tookMs < FAILOVER_MAX_MS, `${tookMs} ms`);
    await shopper.made(5);
    const { refused } = await shopper.end();
    t.true(refused.every(({ status }) => status === 503));

    const refunded = await cluster.node('south').client.post(`${path}/refund`, { as: 'cleo' });
    t.is(refunded.json['status'], 'refunded');
    // It may still reach the new owner by the others; what it had itself it must not show.
    const seen = await north.client.get(path, { as: 'ann' });
    t.true(seen.status === 503 || seen.json['status'] === 'refunded', seen.text);
    const ready = await eventually(
      () => north.client.get('/readyz', { token: north.client.token('boss', 60, ['operator']) }),
      ({ text }) => text.includes('lease'),
    );
    t.regex(ready.text, /this node has no lease/);
    namespaces?.mend(NORTH);
    await cluster.whole();
    await cluster.orderUntilMade('north', dropId, 'mended');
  });
}

serial('J4: after all of this every acknowledged order is in the journal once', async (t) => {
  t.deepEqual(await cluster.findings(), []);
});
