// How the Redis servers of a connection do, for whoever looks after them. What settings they must
// have is in `server-checks.ts`.

import { Cluster, type Redis } from 'ioredis';
import { answerOf, type RedisConnection } from './connection.ts';
import { factsOf } from './server-checks.ts';

export interface RedisHealth {
  readonly where: string;
  readonly version: string;
  readonly replicas: number;
  /** What it could not write to its disk lately; null: nothing. */
  readonly writeFault: string | null;
  readonly memoryBytes: number;
  /** 0: no bound. */
  readonly memoryBytesMax: number;
  /** Of pings one after the other, in milliseconds, rising. */
  readonly pingsMs: readonly number[];
  /** Its clock less this machine's, to within half a ping. */
  readonly clockAheadMs: number;
}

const PINGS = 20;
/** Of INFO: fields that are `ok` unless the last write of the kind failed. */
const WRITES = ['aof_last_write_status', 'aof_last_bgrewrite_status', 'rdb_last_bgsave_status'];

/** Of all masters. Errors: `store-unavailable`. */
export async function redisHealth(redis: RedisConnection): Promise<RedisHealth[]> {
  const servers = redis instanceof Cluster ? redis.nodes('master') : [redis];
  return await Promise.all(servers.map(healthOf));
}

async function healthOf(server: Redis): Promise<RedisHealth> {
  const info = factsOf(await answerOf(server.info()));
  const pingsMs: number[] = [];
  for (let i = 0; i < PINGS; i++) {
    const startedAt = performance.now();
    await answerOf(server.ping());
    pingsMs.push(performance.now() - startedAt);
  }
  const sentAt = Date.now();
  const [seconds = 0, micros = 0] = (await answerOf(server.time())).map(Number);
  const receivedAt = Date.now();
  const failed = WRITES.find((field) => (info.get(field) ?? 'ok') !== 'ok');
  return {
    where: `${server.options.host}:${server.options.port}`,
    version: info.get('redis_version') ?? 'of unknown version',
    replicas: Number(info.get('connected_slaves') ?? 0),
    writeFault: failed === undefined ? null : `${failed} is ${info.get(failed)}`,
    memoryBytes: Number(info.get('used_memory') ?? 0),
    memoryBytesMax: Number(info.get('maxmemory') ?? 0),
    pingsMs: pingsMs.toSorted((a, b) => a - b),
    clockAheadMs: seconds * 1_000 + micros / 1_000 - (sentAt + receivedAt) / 2,
  };
}
