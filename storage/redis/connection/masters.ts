// The servers with keys: a scan of keys asks each of them.

import { Cluster, type Redis } from 'ioredis';
import type { RedisConnection } from './connection.ts';

/** Always in the same order while no server comes or goes. */
export function mastersOf(redis: RedisConnection): Redis[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis];
}
