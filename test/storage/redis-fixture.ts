// Connections to a real Redis for one test, closed with it.

import type { ExecutionContext } from 'ava';
import pino from 'pino';
import {
  connectRedis,
  type RedisAddress,
  type RedisConnection,
} from '../../storage/redis/connection/connection.ts';
import { RedisServer, type RedisServerOptions } from '../servers/redis-server.ts';

export const silent = pino({ level: 'silent' });

export async function startRedis(
  t: ExecutionContext,
  options: RedisServerOptions = {},
): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  t.teardown(() => server.stop());
  return server;
}

export async function openConnection(
  t: ExecutionContext,
  address: RedisAddress,
  commandTimeoutMs?: number,
): Promise<RedisConnection> {
  const timeout = commandTimeoutMs === undefined ? {} : { commandTimeoutMs };
  const redis = await connectRedis({ address, name: 'test', log: silent, ...timeout });
  t.teardown(() => redis.disconnect());
  return redis;
}

/**
 * Resolves when the connection is next closed or ready. Attempts to connect that fail until then
 * are no fault, so the connection's errors do not count.
 */
export function next(redis: RedisConnection, event: 'close' | 'ready'): Promise<void> {
  return new Promise((resolve) => void redis.once(event, () => resolve()));
}

/** Resolves when a connection that broke has come back by itself. */
export async function backAgain(redis: RedisConnection): Promise<void> {
  if (redis.status !== 'ready') await next(redis, 'ready');
}
