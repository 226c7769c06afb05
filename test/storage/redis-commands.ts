// What a piece of work costs a Redis under test, in commands, by Redis's own count. Those within
// scripts are counted as well.

import { Redis } from 'ioredis';
import type { RedisServer } from '../servers/redis-server.ts';

/** Counts what the whole server does meanwhile, so nothing else may run. */
export async function commandsOf<T>(server: RedisServer, work: () => Promise<T>) {
  const redis = new Redis(server.url);
  try {
    await redis.config('RESETSTAT');
    const answer = await work();
    const text = await redis.info('commandstats');
    const calls = (name: string): number =>
      Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(text)?.[1] ?? 0);
    return { answer, calls };
  } finally {
    redis.disconnect();
  }
}
