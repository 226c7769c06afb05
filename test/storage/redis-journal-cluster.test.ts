// The journal's and the snapshots' contracts on a real Redis Cluster of three nodes.

import test from 'ava';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { RedisJournal } from '../../storage/redis/journal/journal-redis.ts';
import { epochKey } from '../../storage/redis/connection/keys.ts';
import { RedisSnapshotStore } from '../../storage/redis/journal/snapshots-redis.ts';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';
import { failsWith } from './contract/errors.ts';
import { journalContract } from './contract/journal.ts';
import { snapshotsContract } from './contract/snapshots.ts';
import { openConnection, silent } from './redis-fixture.ts';

let servers: RedisClusterServers;
let redis: RedisConnection;
let journal: RedisJournal;
const levels = new ReachedLevel(FEATURE_LEVEL);

if (redisInstalled) {
  test.before(async () => {
    servers = await RedisClusterServers.start();
    redis = await connectRedis({ address: servers.address, name: 'test', log: silent });
    journal = new RedisJournal({ redis });
  });
  test.after.always(async () => {
    redis.disconnect();
    await servers?.stop();
  });
  journalContract(() => ({ journal }));
  snapshotsContract(() => ({ snapshots: new RedisSnapshotStore({ redis, levels }) }));
}
const clusterTest = redisInstalled ? test.serial : test.serial.skip;

clusterTest('J7: a slot that nobody serves takes no append, until somebody does', async (t) => {
  const shard = 201;
  const { epoch } = await journal.claim(shard, 'a');
  const slot = await redis.cluster('KEYSLOT', epochKey(shard));
  const nodes = await Promise.all(servers.nodes.map((node) => openConnection(t, node.address)));
  const owned = await Promise.all(nodes.map((node) => node.cluster('COUNTKEYSINSLOT', slot)));
  const owner = nodes[owned.findIndex((count) => count > 0)]!;
  await owner.cluster('DELSLOTS', slot);
  try {
    const refused = await t.throwsAsync(journal.append(shard, epoch, 1, Buffer.from('one')));
    t.is((refused as { code?: string }).code, 'store-unavailable');
    // The last one is CLUSTERDOWN of its owner, or MOVED of a node that still names that.
    t.regex(refused.message, /Too many Cluster redirections/);
  } finally {
    await owner.cluster('ADDSLOTS', slot);
  }
  while (!(await owner.cluster('INFO')).includes('cluster_state:ok'));
  await journal.append(shard, epoch, 1, Buffer.from('one'));
  t.is((await journal.read(shard, 0, 10)).length, 1);
});

clusterTest(
  'J3: without enough replicas appends of every node are of unknown outcome',
  async (t) => {
    const shards = [202, 203, 204, 205, 206, 207, 208];
    const strict = new RedisJournal({ redis, replicas: 1, replicasTimeoutMs: 20 });
    await Promise.all(shards.map((shard) => journal.claim(shard, 'a')));
    const appends = shards.map((shard) => strict.append(shard, 1, 1, Buffer.from('one')));
    for (const append of appends) {
      const error = await t.throwsAsync(append);
      t.is((error as { code?: string }).code, 'store-unavailable');
      t.regex(error.message, /0 of 1 replicas/);
    }
    await failsWith(t, 'store-unavailable', strict.claim(202, 'b'));
    const claims = await Promise.all(shards.map((shard) => journal.claim(shard, 'c')));
    t.true(claims.every(({ lastSequence }) => lastSequence === 1));
  },
);
