import test from 'ava';
import { Redis } from 'ioredis';
import { FEATURE_LEVEL } from '../../storage/ports/feature-level.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { VersionedNode } from './versioned-node.ts';

const onCluster = clusterInstalled ? test : test.skip;

onCluster('a node does not start on a store that has gone past what it reads', async (t) => {
  t.timeout(120_000);
  const redis = await RedisServer.start();
  const nats = await NatsServer.start();
  t.teardown(() => Promise.all([redis.stop(), nats.stop()]));
  const client = new Redis(redis.url);
  t.teardown(() => client.disconnect());
  await client.set('{placement}:level', FEATURE_LEVEL + 1);
  const node = new VersionedNode({
    environment: {
      LIVEDROPS_DATA: `${redis.directory}/node`,
      LIVEDROPS_NODE_ID: 'north',
      LIVEDROPS_STORE: redis.url,
      LIVEDROPS_NATS: nats.url,
    },
  });
  t.teardown(() => node.stop('SIGKILL'));
  await t.throwsAsync(node.start(), {
    message: new RegExp(`reached feature level ${FEATURE_LEVEL + 1}.*start a newer version`),
  });
  t.is(await client.exists('{placement}:sessions'), 0, 'it has not joined');
});
