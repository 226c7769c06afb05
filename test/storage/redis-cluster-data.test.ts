// Catalogue, accounts and follows on a real Redis Cluster of three: every script keeps to one slot.

import test from 'ava';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';
import { accountsContract } from './contract/accounts.ts';
import { catalogueContract } from './contract/catalogue.ts';
import { followsContract } from './contract/follows.ts';
import { connectRedisData, type RedisData } from './redis-data.ts';

let servers: RedisClusterServers;
let data: RedisData;

if (redisInstalled) {
  test.before(async () => {
    servers = await RedisClusterServers.start();
    data = await connectRedisData(servers.address);
  });
  test.after.always(async () => {
    await data?.close();
    await servers?.stop();
  });

  accountsContract(() => data.stores);
  catalogueContract(() => data.stores);
  followsContract(() => data.stores);
} else {
  test.skip('catalogue, accounts and follows on a Redis Cluster need redis-server', () => {});
}
