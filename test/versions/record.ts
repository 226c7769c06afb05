// Records what a version writes: a data directory, the keys of Redis, and messages between nodes.
//
//   node_modules/.bin/node test/versions/record.ts COMMIT CHECKOUT [wire] [sqlite] [redis]
//
// CHECKOUT is a directory with the tree of COMMIT and its packages; COMMIT names a folder in
// `recorded/` and one of `RECORDINGS`. Named parts are recorded, or all of them. It takes some
// minutes, mostly until drops that are over are sealed. What is recorded is not recorded again: a
// later version gets a folder of its own. Messages between nodes are those of the tree of 9994b20.
// The JSON needs `biome check --write` afterwards, as all JSON here does.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Redis } from 'ioredis';
import { withStoredNamesInside } from '../../storage/formats/amount-names.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { type RecordedSale, recordSale } from './recorded-sale.ts';
import { RECORDINGS } from './recorded.ts';
import { VersionedNode } from './versioned-node.ts';
import { COMMANDS, LIVE_MESSAGES, REPLIES } from './wire-samples.ts';

const RECORDED = fileURLToPath(new URL('recorded/', import.meta.url));

/** Where the modules are in the tree of 9994b20. */
interface WireModules {
  readonly wire: { packCommands(of: unknown): object; packReplies(of: unknown): object };
  readonly frames: {
    encodeLiveMessage(of: unknown): Uint8Array;
    encodeLiveText(of: unknown): string;
  };
}

async function recordDirectory(tree: string, directory: string): Promise<void> {
  const node = new VersionedNode({
    tree,
    hasStoredNames: recording.hasStoredNames,
    environment: { LIVEDROPS_DATA: directory },
  });
  try {
    write('sqlite-sale.json', await recordSale(await node.start(), recording));
  } finally {
    await node.stop();
  }
  const file = join(into, 'sqlite.tar.gz');
  const { status, stderr } = spawnSync('tar', ['-czf', file, '-C', directory, '.']);
  if (status !== 0) throw new Error(stderr.toString());
}

async function recordRedis(tree: string, directory: string): Promise<void> {
  const redis = await RedisServer.start();
  const nats = await NatsServer.start();
  const node = new VersionedNode({
    tree,
    hasStoredNames: recording.hasStoredNames,
    environment: {
      LIVEDROPS_DATA: directory,
      LIVEDROPS_NODE_ID: 'north',
      LIVEDROPS_STORE: redis.url,
      LIVEDROPS_NATS: nats.url,
    },
  });
  const client = new Redis(redis.url);
  try {
    const sale: RecordedSale = await recordSale(await node.start(), recording);
    const sessions = await client.hgetall('{placement}:sessions');
    await node.stop();
    write('redis-sale.json', sale);
    write('sessions.json', sessions);
    const keys = (await client.keys('*')).sort();
    const rows = await Promise.all(
      keys.map(async (key) => {
        const [ttl, dump] = await Promise.all([client.pttl(key), client.dumpBuffer(key)]);
        return [key, Math.max(ttl, 0), dump.toString('base64')];
      }),
    );
    writeFileSync(join(into, 'redis.json.gz'), gzipSync(JSON.stringify(rows), { level: 9 }));
  } finally {
    await node.stop();
    client.disconnect();
    await Promise.all([redis.stop(), nats.stop()]);
  }
}

async function recordWire(tree: string): Promise<void> {
  const { wire, frames } = {
    wire: await import(join(tree, 'actors/execute-wire.ts')),
    frames: await import(join(tree, 'actors/nats/live-frame.ts')),
  } as WireModules;
  const messages = withStoredNamesInside(LIVE_MESSAGES) as unknown[];
  write('wire.json', {
    commands: wire.packCommands(COMMANDS),
    replies: wire.packReplies(withStoredNamesInside(REPLIES)),
    liveMessages: messages.map((message) =>
      Buffer.from(frames.encodeLiveMessage(message)).toString('base64'),
    ),
    userFrame: messages.map((message) => `ann\n${frames.encodeLiveText(message)}`).join('\n'),
  });
}

function write(name: string, value: unknown): void {
  writeFileSync(join(into, name), `${JSON.stringify(value, null, 1)}\n`);
}

const [commit, checkout, ...named] = process.argv.slice(2);
const recording = RECORDINGS.find((one) => one.commit === commit)!;
if (recording === undefined || checkout === undefined) {
  throw new Error('usage: record.ts COMMIT CHECKOUT [wire] [sqlite] [redis]');
}
const into = join(RECORDED, recording.commit);
const isNamed = (part: string): boolean => named.length === 0 || named.includes(part);
const directory = mkdtempSync(join(tmpdir(), 'livedrops-record-'));
mkdirSync(into, { recursive: true });
try {
  if (isNamed('wire')) await recordWire(resolve(checkout));
  if (isNamed('sqlite')) await recordDirectory(resolve(checkout), join(directory, 'sqlite'));
  if (isNamed('redis')) await recordRedis(resolve(checkout), join(directory, 'redis'));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
