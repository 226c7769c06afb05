import test from 'ava';
import { Redis } from 'ioredis';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { VersionedNode } from '../versions/versioned-node.ts';

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
