// A server with one creator who has very many followers, and direct access to its store: a single
// node on SQLite, or a cluster node on Redis.

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import type { AccountStore } from '../../storage/ports/accounts.ts';
import type { FollowStore } from '../../storage/ports/follows.ts';
import { RedisAccountStore } from '../../storage/redis/catalogue/accounts-redis.ts';
import { connectRedis, type RedisConnection } from '../../storage/redis/connection/connection.ts';
import { openEntityParts } from '../../storage/redis/catalogue/entity-parts.ts';
import { RedisFollowStore } from '../../storage/redis/catalogue/follows-redis.ts';
import { OmConnection } from '../../storage/redis/catalogue/om-connection.ts';
import type { CatalogueHandlers } from '../../storage/sqlite/catalogue/catalogue-program.ts';
import { openReaderDatabase } from '../../storage/sqlite/thread/database.ts';
import { AppendSignal } from '../../storage/sqlite/catalogue/append-signal.ts';
import { SqliteFollowStore } from '../../storage/sqlite/catalogue/follows-sqlite.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { SqliteThread } from '../../storage/sqlite/thread/thread.ts';
import {
  addAccounts,
  CREATOR_ID,
  type Crowd,
  followInRedis,
  followThroughPort,
} from '../load/fill-followers.ts';
import type { MeasuredServer } from '../measure.ts';
import { SERVER_CORE } from '../pinned-process.ts';
import { residentBytesOf } from '../process-usage.ts';
import type { Subject } from '../scenario.ts';
import { ClusterServers } from './cluster-servers.ts';
import { LiveDropsServer, makeDataDirectory } from './livedrops-server.ts';

/** A second creator, with just enough followers to spread over all buckets in Redis. */
export const NEWCOMER_ID = 'newcomer';
const NEWCOMER_FOLLOWERS = 2000;
/** Followers added through the Redis port; adding all of them would take minutes. */
const REDIS_PORT_FOLLOWERS = 20_000;
const COPIED_MAX_MS = 60_000;
const COPIED_POLL_MS = 200;
const REDIS_PROCESSES = ['node-1', 'redis', 'nats'] as const;

export interface FollowedCreator extends MeasuredServer {
  readonly subject: Omit<Subject, 'samples'>;
  /** Reads the server's store directly while the server runs. */
  readonly follows: FollowStore;
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

export interface FollowedCreatorOptions {
  readonly crowd: Crowd;
  /** Users who need an account. */
  readonly shown: readonly string[];
  readonly profileDirectory: string | null;
  /** Called with the follows a second through the port. */
  readonly onFilled: (perSecond: number) => void;
}

export async function startOnSqlite(options: FollowedCreatorOptions): Promise<FollowedCreator> {
  const directory = makeDataDirectory();
  const stores = await openSqliteStores({ directory });
  options.onFilled(await fill(stores, options, options.crowd.count));
  await stores.close();
  const profile = ['--cpu-prof', `--cpu-prof-dir=${options.profileDirectory}`];
  const server = new LiveDropsServer(options.profileDirectory === null ? [] : profile, directory);
  await server.start();
  const file = join(directory, 'catalogue.db');
  const reader = openReaderDatabase(file);
  return {
    subject: {
      key: 'livedrops-sqlite',
      label: 'SQLite',
      role: 'livedrops',
      about: 'LiveDrops alone: follows in an SQLite table with covering indexes, synchronous=FULL.',
    },
    follows: new SqliteFollowStore({
      reader,
      writer: idleWriter(file),
      signal: new AppendSignal(),
    }),
    host: server.host,
    port: server.port,
    cpuMicros: () => server.process.cpuMicros(),
    residentBytes: () => server.process.residentBytes(),
    stop: async () => {
      reader.close();
      await server.stop();
    },
  };
}

/** The server has the only writer of the file. This writer never starts, so it refuses changes. */
function idleWriter(file: string): SqliteThread<CatalogueHandlers> {
  const program = new URL('../../storage/sqlite/catalogue/catalogue-program.ts', import.meta.url);
  return new SqliteThread({ program, file, walBytesMax: 0, pageCountMax: 0 });
}

export async function startOnRedis(options: FollowedCreatorOptions): Promise<FollowedCreator> {
  const { crowd, profileDirectory: directory } = options;
  const servers = new ClusterServers({
    roles: ['gateway,services,actors'],
    profiles: directory === null ? null : { directory, names: ['livedrops-redis'] },
  });
  let redis: RedisConnection | null = null;
  let om: OmConnection | null = null;
  const stop = async () => {
    redis?.disconnect();
    await om?.close();
    await servers.stop();
  };
  try {
    await servers.start();
    const { hostname, port } = new URL(servers.supervisor.redisUrl);
    const address = { nodes: [{ host: hostname, port: Number(port) }], cluster: false };
    redis = await connectRedis({ address, name: 'bench', log: pino({ level: 'warn' }) });
    om = await OmConnection.connect({ address, name: 'bench', log: pino({ level: 'warn' }) });
    const parts = await openEntityParts({ redis, om });
    // The node has to raise the store's feature level first, or it would copy what is filled in.
    const until = performance.now() + COPIED_MAX_MS;
    while (!parts.layout.isCopied) {
      if (performance.now() > until) throw new Error('the catalogue of Redis is not in buckets');
      await delay(COPIED_POLL_MS);
      await parts.layout.refresh();
    }
    const follows = new RedisFollowStore(parts);
    const accounts = new RedisAccountStore({ ...parts, now: () => Date.now() });
    const throughPort = Math.min(crowd.count, REDIS_PORT_FOLLOWERS);
    options.onFilled(await fill({ follows, accounts }, options, throughPort));
    await followInRedis(redis, crowd, throughPort);
    for (const name of REDIS_PROCESSES) servers.pinToCore(name, SERVER_CORE);
    return {
      subject: {
        key: 'livedrops-redis',
        label: 'Redis',
        role: 'livedrops',
        about:
          'One LiveDrops node with all roles over NATS: follows in sorted sets of Redis, in 32 ' +
          'buckets for each creator, AOF appendfsync always.',
      },
      follows,
      host: servers.host,
      port: servers.port,
      cpuMicros: () => sum(REDIS_PROCESSES.map((name) => servers.cpuMicros(name))),
      residentBytes: () => sum(REDIS_PROCESSES.map((name) => residentBytesOf(servers.pid(name)))),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Adds accounts and followers. Resolves to the follows a second. */
async function fill(
  { follows, accounts }: { readonly follows: FollowStore; readonly accounts: AccountStore },
  { crowd, shown }: FollowedCreatorOptions,
  count: number,
): Promise<number> {
  await addAccounts(accounts, [CREATOR_ID, NEWCOMER_ID, ...shown]);
  await followThroughPort(follows, crowd, NEWCOMER_ID, Math.min(crowd.count, NEWCOMER_FOLLOWERS));
  return await followThroughPort(follows, crowd, CREATOR_ID, count);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
