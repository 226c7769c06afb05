// The read models, webhook log, consumer positions and operator log on a real Redis Cluster of
// three: every script keeps to one slot, and one append reaches them all.

import test from 'ava';
import type { NewNotification } from '../../contracts/notifications.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisAuditLog } from '../../storage/redis/catalogue/audit-log-redis.ts';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';
import { failsWith } from './contract/errors.ts';
import { auditLogContract } from './contract/audit-log.ts';
import { silent } from './redis-fixture.ts';
import { diesAfter } from './redis-interrupted.ts';
import {
  type RedisProjections,
  redisProjections,
  redisProjectionsContracts,
} from './redis-projections.ts';

let servers: RedisClusterServers;
let redis: RedisConnection;
let stores: RedisProjections;

function rowsOf(userPrefix: string): NewNotification[] {
  return Array.from({ length: 60 }, (_, i) => ({
    userId: `${userPrefix}_${i}`,
    type: 'order.confirmed',
    data: { place: i },
    createdAt: i,
  }));
}

if (redisInstalled) {
  test.before(async () => {
    servers = await RedisClusterServers.start();
    redis = await connectRedis({ address: servers.address, name: 'test', log: silent });
    stores = redisProjections(redis);
    // So that no script below needs a second command because a node does not know it yet.
    await stores.feed.append([{ shard: 200, sequence: 1, rows: rowsOf('user_first') }]);
  });
  test.after.always(async () => {
    redis?.disconnect();
    await servers?.stop();
  });

  redisProjectionsContracts(() => stores);
  auditLogContract(() => new RedisAuditLog({ redis }));

  test('N11: an append that reached some nodes only is completed by the next', async (t) => {
    const rows = rowsOf('user_half');
    const batches = [{ shard: 201, sequence: 1, rows }];
    const count = async () => {
      const counts = rows.map(({ userId }) => stores.feed.unreadCount(userId));
      return (await Promise.all(counts)).reduce((sum, one) => sum + one, 0);
    };
    const dying = redisProjections(diesAfter(redis, 12));
    await failsWith(t, 'store-unavailable', dying.feed.append(batches));
    const first = await count();
    t.true(first > 0 && first < rows.length);
    t.is((await stores.feed.append(batches)).length, rows.length - first);
    t.is(await count(), rows.length);
  });
} else {
  test.skip('read models on a Redis Cluster need redis-server', () => {});
}
