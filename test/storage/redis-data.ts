// The catalogue, accounts and follows on a Redis under test, as the contract suites want them.

import { Cluster } from 'ioredis';
import { pino } from 'pino';
import { RedisAccountStore } from '../../storage/redis/catalogue/accounts-redis.ts';
import { RedisCatalogue } from '../../storage/redis/catalogue/catalogue-redis.ts';
import { connectRedis, type RedisAddress } from '../../storage/redis/connection/connection.ts';
import { RedisFollowStore } from '../../storage/redis/catalogue/follows-redis.ts';
import { OmConnection } from '../../storage/redis/catalogue/om-connection.ts';
import type { Stores } from '../../storage/ports/stores.ts';

export async function connectRedisData(address: RedisAddress) {
  const options = { address, name: 'test', log: pino({ level: 'silent' }) };
  const [redis, om] = await Promise.all([connectRedis(options), OmConnection.connect(options)]);
  // A first command to a node that is not connected yet is sent around, and so comes late.
  if (redis instanceof Cluster) await Promise.all(redis.nodes('master').map((node) => node.ping()));
  const stores = {
    // The suites' refresh tokens end a second after the Unix epoch.
    accounts: new RedisAccountStore({ redis, now: () => 0 }),
    catalogue: new RedisCatalogue({ redis, om }),
    // So few that the suites see creators whose followers are spread, and others.
    follows: new RedisFollowStore({ redis, spreadAt: 4 }),
  };
  return {
    redis,
    om,
    ...stores,
    /** For the suites, which use no other of the stores. */
    stores: stores as unknown as Stores,
    async close(): Promise<void> {
      redis.disconnect();
      await om.close();
    },
  };
}

export type RedisData = Awaited<ReturnType<typeof connectRedisData>>;
