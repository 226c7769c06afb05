// The part of a backup that is in Redis. Each server's contents are taken as of one moment. Where
// there are several servers, those moments are not the same: then everything is taken twice, and of
// the first time the rows count that are made from journals, so that no row is ahead of a journal.

import { join } from 'node:path';
import { Cluster, type Redis } from 'ioredis';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { copyKeys } from '../../storage/redis/backup/copy-keys.ts';
import { serveSaved } from '../../storage/redis/backup/saved-server.ts';
import { saveServer } from '../../storage/redis/backup/server-stream.ts';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';

/** Rows that are made from journals, and how far they have come. */
const ROWS = /^(?:\{users:\d+\}:|orders:totals:|\{(?:feed|orders|consumer:[^}]*)\}:)/;

/** Resolves to the number of servers. Errors: `store-unavailable`. */
export async function backupRedis(config: Config, directory: string): Promise<number> {
  const redis = await connect(config);
  try {
    const servers = mastersOf(redis);
    if (servers.length > 1) await saveAll(config, servers, (i) => rowsFile(directory, i));
    await saveAll(config, servers, (i) => serverFile(directory, i));
    return servers.length;
  } finally {
    redis.disconnect();
  }
}

/**
 * `servers`: how many the backup is of. The target may have another number. Errors: an Error where
 * the target is not empty, or a file cannot be loaded; `store-unavailable`.
 */
export async function restoreRedis(
  config: Config,
  directory: string,
  servers: number,
): Promise<void> {
  const redis = await connect(config);
  try {
    for (const server of mastersOf(redis)) {
      const keys = await server.dbsize();
      const { host, port } = server.options;
      if (keys > 0)
        throw new Error(`the Redis at ${host}:${port} is not empty: it has ${keys} keys`);
    }
    for (let i = 0; i < servers; i++) {
      const includes = (key: string) => servers === 1 || !ROWS.test(key);
      await copyFile(serverFile(directory, i), redis, includes);
      if (servers > 1) await copyFile(rowsFile(directory, i), redis, (key) => ROWS.test(key));
    }
  } finally {
    redis.disconnect();
  }
}

async function copyFile(
  file: string,
  to: RedisConnection,
  includes: (key: string) => boolean,
): Promise<void> {
  const saved = await serveSaved(file);
  try {
    await copyKeys({ from: saved.redis, to, includes });
  } finally {
    await saved.stop();
  }
}

async function saveAll(
  config: Config,
  servers: readonly Redis[],
  fileOf: (i: number) => string,
): Promise<void> {
  const { store } = config;
  if (store.kind !== 'redis') throw new Error('the store is no Redis');
  const { username, password, tls } = store;
  await Promise.all(
    servers.map(async ({ options }, i) => {
      const { host = '127.0.0.1', port = 6379 } = options;
      await saveServer({ host, port, username, password, tls }, fileOf(i));
    }),
  );
}

async function connect(config: Config): Promise<RedisConnection> {
  const { store, nodeId } = config;
  if (store.kind !== 'redis') throw new Error('the store is no Redis');
  return await connectRedis({ address: store, name: `${nodeId}-backup`, log: createLog(config) });
}

function mastersOf(redis: RedisConnection): Redis[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis];
}

function serverFile(directory: string, i: number): string {
  return join(directory, `redis-${i}.rdb`);
}

function rowsFile(directory: string, i: number): string {
  return join(directory, `redis-${i}-rows.rdb`);
}
