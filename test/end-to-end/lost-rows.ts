// Deletes rows of some users from order lists and feeds directly in the files, like damage. Read
// marks stay.

import { rmSync } from 'node:fs';
import { pino } from 'pino';
import { connectRedis } from '../../storage/redis/connection/connection.ts';
import { bucketOf, feedKey, ordersKey } from '../../storage/redis/rows/user-buckets.ts';
import { readRowLog, RowLogs } from '../../storage/sqlite/rows/row-log.ts';
import { isOwnRow, rowLength, rowOwner } from '../../storage/sqlite/rows/row-pack.ts';
import type { RedisServer } from '../servers/redis-server.ts';

/** The rows of a sale so small that all of them are in the first log; nobody uses the directory. */
const GENERATION = 1;

export function loseRows(databaseFile: string, userIds: readonly string[]): void {
  const owners = userIds.map(rowOwner);
  const records = readRowLog(databaseFile, GENERATION) ?? [];
  rmSync(`${databaseFile}-rows-${GENERATION}`);
  const logs = new RowLogs({ databaseFile, settled: 0 });
  for (const { positions, pack } of records) {
    const rows: Buffer[] = [];
    for (let offset = 0; offset < pack.length; offset += rowLength(pack, offset)) {
      if (owners.some((owner) => isOwnRow(pack, offset, owner))) continue;
      rows.push(pack.subarray(offset, offset + rowLength(pack, offset)));
    }
    logs.append(GENERATION, positions, Buffer.concat(rows));
  }
  logs.close();
}

export async function loseKeys({ address }: RedisServer, userIds: readonly string[]) {
  const redis = await connectRedis({ address, name: 'damage', log: pino({ level: 'silent' }) });
  for (const userId of userIds) {
    const bucket = bucketOf(userId);
    await redis.del(feedKey(bucket, userId), ordersKey(bucket, userId));
  }
  redis.disconnect();
}
