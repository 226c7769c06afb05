// Measures an append to the journal on Redis: CPU microseconds in this process and in redis-server,
// and the rate, for entries of 2 KB with many shards and with few shards in flight. Starts its own
// redis-server. Run: node_modules/.bin/node bench/probes/redis-journal.ts

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pino from 'pino';
import { connectRedis } from '../../storage/redis/connection/connection.ts';
import { RedisJournal } from '../../storage/redis/journal/journal-redis.ts';
import { RedisServer } from '../../test/servers/redis-server.ts';

const ENTRY_BYTES = 2_000;
const APPENDS = 30_000;
const APPENDS_WARM_UP = 3_000;
const SHARDS_IN_FLIGHT = [64, 8, 1];
const MICROS_PER_TICK = 10_000;

/** User and system time of another process, in microseconds. */
function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
}

async function appendAll(journal: RedisJournal, shards: number, total: number): Promise<void> {
  const bytes = randomBytes(ENTRY_BYTES);
  const appendOne = async (shard: number): Promise<void> => {
    const { epoch, lastSequence } = await journal.claim(shard, 'bench');
    for (let i = 1; i <= total / shards; i++) {
      await journal.append(shard, epoch, lastSequence + i, bytes);
    }
  };
  await Promise.all(Array.from({ length: shards }, (_, shard) => appendOne(shard)));
}

const server = await RedisServer.start();
const log = pino({ level: 'silent' });
const redis = await connectRedis({ address: server.address, name: 'bench', log });
const journal = new RedisJournal({ redis });
try {
  for (const shards of SHARDS_IN_FLIGHT) {
    await appendAll(journal, shards, APPENDS_WARM_UP);
    const [here, there, began] = [process.cpuUsage(), cpuMicrosOf(server.pid), performance.now()];
    await appendAll(journal, shards, APPENDS);
    const seconds = (performance.now() - began) / 1_000;
    const { user, system } = process.cpuUsage(here);
    const redisMicros = cpuMicrosOf(server.pid) - there;
    process.stdout.write(
      `${shards} shards in flight: ${Math.round(APPENDS / seconds)} appends/s, ` +
        `${((user + system) / APPENDS).toFixed(1)} µs here, ` +
        `${(redisMicros / APPENDS).toFixed(1)} µs in redis-server\n`,
    );
  }
} finally {
  redis.disconnect();
  await server.stop();
}
