// Finds the keys of level 0 on all servers of a Redis with SCAN. The result is complete if no
// server changes and no slot moves meanwhile. A restarted server has other cursors.

import { Cluster, type Redis } from 'ioredis';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { mastersOf } from '../connection/masters.ts';
import {
  entityKey,
  OLD_FOLLOWING_PREFIX,
  OLD_USER_PREFIX,
  oldFollowingKeys,
  oldFollowingMovedKey,
  oldProductEntityId,
} from './catalogue-keys.ts';

export interface OldEntity {
  readonly kind: 'user' | 'product' | 'follows';
  readonly id: string;
}

export interface ScannedServer {
  /** New after each start of the server. */
  readonly runId: string;
  readonly redis: Redis;
}

/** Keys that a server scans in one command. */
const SCAN_COUNT = 500;
/** Matches `user:`, `entity:{product:`, `{following:` and few others, so answers are small. */
const PATTERN = '[ue{][snf][eto]*';
const PRODUCT_PARTS = entityKey(oldProductEntityId('\n')).split('\n') as [string, string];

/** The servers with keys. Errors: `store-unavailable`. */
export async function serversOf(redis: RedisConnection): Promise<ScannedServer[]> {
  return Promise.all(
    mastersOf(redis).map(async (node) => {
      const info = await answerOf(node.info('server'));
      return { runId: /^run_id:(\w+)/m.exec(info)![1]!, redis: node };
    }),
  );
}

/** A text that changes when a server restarts or a slot moves. */
export async function placementOf(redis: RedisConnection): Promise<string> {
  const runIds = (await serversOf(redis)).map(({ runId }) => runId).toSorted();
  const slots = redis instanceof Cluster ? await answerOf(redis.cluster('SLOTS')) : [];
  return JSON.stringify([runIds, slots]);
}

/** The next entities, once for each of their keys, and the next cursor: '0' at the end. */
export async function scanOldEntities(
  redis: Redis,
  cursor: string,
): Promise<{ next: string; entities: OldEntity[] }> {
  const [next, keys] = await answerOf(redis.scan(cursor, 'MATCH', PATTERN, 'COUNT', SCAN_COUNT));
  return { next, entities: keys.map(oldEntityOf).filter((entity) => entity !== null) };
}

/** Null for any other key, also for a staged product. */
function oldEntityOf(key: string): OldEntity | null {
  if (key.startsWith(OLD_USER_PREFIX)) {
    return { kind: 'user', id: key.slice(OLD_USER_PREFIX.length) };
  }
  const [before, after] = PRODUCT_PARTS;
  if (key.startsWith(before) && key.endsWith(after)) {
    return { kind: 'product', id: key.slice(before.length, -after.length) };
  }
  if (!key.startsWith(OLD_FOLLOWING_PREFIX)) return null;
  // A user's id may have any characters, but only the key of the set ends with a brace.
  const end = key.lastIndexOf('}');
  const id = key.slice(OLD_FOLLOWING_PREFIX.length, end);
  const { following, pending, revision } = oldFollowingKeys(id);
  const known = [following, pending, revision, oldFollowingMovedKey(id)];
  return known.includes(key) ? { kind: 'follows', id } : null;
}
