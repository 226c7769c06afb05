import test, { type ExecutionContext } from 'ava';
import { Redis } from 'ioredis';
import { AUTH_SECRET, eventually, PAYMENT_SECRETS } from '../end-to-end/sale-client.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { VersionedNode } from '../versions/versioned-node.ts';
import { ClusterNode } from './cluster-node.ts';
import { clocksCanBeSet, NodeClocks } from './node-clocks.ts';

const onCluster = clusterInstalled ? test : test.skip;
const CLOCK = new URL('../versions/clock-at.ts', import.meta.url).href;

onCluster('W7: a process whose clock is two hours ahead of Redis ends with a reason', async (t) => {
  t.timeout(120_000);
  const redis = await RedisServer.start();
  const nats = await NatsServer.start();
  t.teardown(() => Promise.all([redis.stop(), nats.stop()]));
  const client = new Redis(redis.url);
  t.teardown(() => client.disconnect());
  const node = new VersionedNode({
    environment: {
      LIVEDROPS_DATA: `${redis.directory}/node`,
      LIVEDROPS_NODE_ID: 'north',
      LIVEDROPS_STORE: redis.url,
      LIVEDROPS_NATS: nats.url,
      NODE_OPTIONS: `--import=${CLOCK}`,
      TEST_CLOCK_AT: String(Date.now() + 7_200_000),
    },
  });
  t.teardown(() => node.stop('SIGKILL'));
  await t.throwsAsync(node.start(), {
    message:
      /ended with 1: livedrops: the clock of this machine is 7[12]\d\d\.\d s ahead of the store/,
  });
  t.is(await client.exists('{placement}:sessions'), 0, 'it has no session');
});

const TWO_HOURS_MS = 7_200_000;
const SKEW_SEEN_MAX_MS = 20_000;
const GIVEN_MAX_MS = 30_000;
const SKEW = /^livedrops_clock_skew_seconds (\S+)$/m;
const withClocks: (title: string, run: (t: ExecutionContext) => Promise<void>) => void =
  clusterInstalled && clocksCanBeSet()
    ? test
    : (title, run) => test.skip(`${title} (no libfaketime here)`, run);

type ShardOwners = ReadonlySet<string | null>;

/** The owners of all shards, asked again until they are as wanted, or for as long as allowed. */
function ownersUntil(
  { client }: ClusterNode,
  isWanted: (owners: ShardOwners) => boolean,
): Promise<ShardOwners> {
  const owners = async (): Promise<ShardOwners> => {
    const token = client.token('olga', 600, ['operator']);
    const { json } = await client.get('/v1/operator/shards', { token });
    const rows = json['items'] as readonly { readonly owner: string | null }[];
    return new Set(rows.map(({ owner }) => owner));
  };
  return eventually(owners, isWanted, GIVEN_MAX_MS);
}

for (const roles of ['gateway,services', 'gateway,services,actors']) {
  withClocks(
    `W7: a node of ${roles} whose clock is set two hours off takes payments, and has no shards`,
    async (t) => {
      t.timeout(120_000);
      const redis = await RedisServer.start();
      const nats = await NatsServer.start();
      t.teardown(() => Promise.all([redis.stop(), nats.stop()]));
      const clocks = new NodeClocks({ directory: redis.directory });
      const node = (nodeId: string, more: Record<string, string>): ClusterNode =>
        new ClusterNode({
          nodeId,
          environment: {
            ...clocks.environmentOf(nodeId),
            LIVEDROPS_DATA: `${redis.directory}/${nodeId}`,
            LIVEDROPS_PORT: '0',
            LIVEDROPS_NODE_ID: nodeId,
            LIVEDROPS_STORE: redis.url,
            LIVEDROPS_NATS: nats.url,
            LIVEDROPS_RATE_LIMITS: 'off',
            LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
            LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS.join(' '),
            ...more,
          },
        });
      const north = node('north', {});
      const south = node('south', { LIVEDROPS_ROLES: roles });
      t.teardown(() => Promise.all([north.kill(), south.kill()]));
      await north.start();
      await south.start();
      const hasActors = roles.includes('actors');
      if (hasActors) await ownersUntil(north, (found) => found.has('south'));
      const dropId = await north.client.drop('cleo', { payment: 'provider', holdSeconds: 600 });
      for (const aheadMs of [TWO_HOURS_MS, -TWO_HOURS_MS]) {
        clocks.set('south', aheadMs);
        const isSeen = ({ text }: { text: string }): boolean =>
          Math.abs(Number(SKEW.exec(text)?.[1]) * 1_000 - aheadMs) < 1_000;
        const seen = await eventually(() => south.client.get('/metrics'), isSeen, SKEW_SEEN_MAX_MS);
        t.true(isSeen(seen), SKEW.exec(seen.text)?.[0]);
        t.deepEqual(await ownersUntil(north, (found) => !found.has('south')), new Set(['north']));
        const order = await south.client.order(dropId, 'ann', `ahead${aheadMs}`);
        t.is(order.status, 201, order.text);
        const orderId = String(order.json['id']);
        const paid = await south.client.webhook('payment.succeeded', orderId);
        t.is(paid.status, 200, paid.text);
        clocks.set('south', 0);
        if (!hasActors) continue;
        t.true((await ownersUntil(north, (found) => found.has('south'))).has('south'));
      }
    },
  );
}
