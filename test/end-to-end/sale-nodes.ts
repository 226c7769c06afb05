// The nodes of a server under test, in this process and on free ports: a single node on SQLite, or
// two nodes with their own redis-server and nats-server. Their stored data can be read after the
// stop.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { loadConfig } from '../../composition/config.ts';
import { type Server, startServer } from '../../composition/server.ts';
import { connectRedis } from '../../storage/redis/connection/connection.ts';
import { RedisJournal } from '../../storage/redis/journal/journal-redis.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { readTruth, type Truth } from '../chaos/truth.ts';
import { NatsServer, natsInstalled } from '../servers/nats-server.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { loseKeys, loseRows } from './lost-rows.ts';

/** `threads`: one node on SQLite, whose clients are served by several threads. */
export type Profile = 'embedded' | 'threads' | 'cluster';
export type Environment = Readonly<Record<string, string>>;

export const clusterInstalled = redisInstalled && natsInstalled;

/** Called with the settings of a node when its store is there, before the node starts. */
export type Prepare = (settings: Environment) => Promise<void>;

export interface SaleNodes {
  /** The settings of one of the nodes, for commands. */
  readonly settings: Environment;
  /** Where each gateway answers; after `lose`, maybe elsewhere. */
  readonly urls: readonly string[];
  /** Where operators find each node: the same, or an address of their own. */
  readonly operatorUrls: readonly string[];
  /** Threads of each node that serve clients: connections go to one after the other. */
  readonly threads: number;
  /** Deletes the users' order lists and feeds; read marks stay. */
  lose(userIds: readonly string[]): Promise<void>;
  /** Stops all nodes; their data stays. */
  stop(): Promise<void>;
  /** The journals of the stopped nodes. */
  truth(): Promise<Truth>;
  /** Stops Redis and NATS and removes all data. */
  remove(): Promise<void>;
}

const NODE_IDS = ['north', 'south'] as const;
const THREADS = 3;
const STARTS_MAX = 3;

/** Resolves when the nodes can serve. Rejects, with nothing left running, where one cannot. */
export function startNodes(
  profile: Profile,
  environment: Environment,
  prepare: Prepare = async () => undefined,
): Promise<SaleNodes> {
  if (profile === 'cluster') return startTwo(environment, prepare);
  const threads = profile === 'threads' ? THREADS : 1;
  return startOne({ LIVEDROPS_THREADS: String(threads), ...environment }, prepare);
}

async function startOne(environment: Environment, prepare: Prepare): Promise<SaleNodes> {
  await using started = new AsyncDisposableStack();
  const directory = temporaryDirectory(started);
  const settings: Environment = { ...environment, LIVEDROPS_DATA: directory };
  await prepare(settings);
  let server = await startNode(settings);
  const urls = [server.url];
  const operatorUrls = [server.operatorUrl];
  const kept = started.move();
  return {
    settings,
    urls,
    operatorUrls,
    threads: Number(settings['LIVEDROPS_THREADS']),
    async lose(userIds) {
      await server.stop();
      loseRows(join(directory, 'projections.db'), userIds);
      server = await startNode(settings);
      urls[0] = server.url;
      operatorUrls[0] = server.operatorUrl;
    },
    stop: () => server.stop(),
    async truth() {
      const stores = await openSqliteStores({ directory });
      try {
        return await readTruth(stores.journal);
      } finally {
        await stores.close();
      }
    },
    remove: () => kept.disposeAsync(),
  };
}

async function startTwo(environment: Environment, prepare: Prepare): Promise<SaleNodes> {
  await using started = new AsyncDisposableStack();
  const directory = temporaryDirectory(started);
  const redis = await RedisServer.start();
  started.defer(() => redis.stop());
  const nats = await NatsServer.start();
  started.defer(() => nats.stop());
  const exports = join(directory, 'exports');
  mkdirSync(exports);
  const settingsOf = (nodeId: string): Environment => ({
    LIVEDROPS_EXPORTS: exports,
    ...environment,
    LIVEDROPS_DATA: join(directory, nodeId),
    LIVEDROPS_NODE_ID: nodeId,
    LIVEDROPS_STORE: redis.url,
    LIVEDROPS_NATS: nats.url,
  });
  const settings = settingsOf(NODE_IDS[0]);
  await prepare(settings);
  const servers = await allOrNone(NODE_IDS.map((nodeId) => startNode(settingsOf(nodeId))));
  const kept = started.move();
  return {
    settings,
    urls: servers.map(({ url }) => url),
    operatorUrls: servers.map(({ operatorUrl }) => operatorUrl),
    threads: 1,
    lose: (userIds) => loseKeys(redis, userIds),
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
    },
    truth: () => readTruthOfRedis(redis),
    remove: () => kept.disposeAsync(),
  };
}

function temporaryDirectory(started: AsyncDisposableStack): string {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-end-to-end-'));
  started.defer(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Where a node fails to start, those that did start are stopped, and its error is thrown. */
async function allOrNone(starts: readonly Promise<Server>[]): Promise<Server[]> {
  const settled = await Promise.allSettled(starts);
  const servers = settled.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const failed = settled.find(({ status }) => status === 'rejected');
  if (failed === undefined) return servers;
  await Promise.all(servers.map((server) => server.stop()));
  throw (failed as PromiseRejectedResult).reason;
}

/**
 * Where its servers did not answer in time it is started again, as a supervisor does: this process
 * starts several nodes, on a machine that may be busy with other tests.
 */
async function startNode(environment: Environment): Promise<Server> {
  const config = loadConfig({
    LIVEDROPS_PORT: '0',
    LIVEDROPS_RATE_LIMITS: 'off',
    LIVEDROPS_THREADS: '1',
    LIVEDROPS_LOG: 'error',
    // A search index costs each node some threads.
    LIVEDROPS_ROLES: 'gateway,actors,services',
    ...environment,
  });
  for (let starts = 1; ; starts++) {
    try {
      return await startServer(config);
    } catch (error) {
      if (starts === STARTS_MAX || !/timeout|timed out/i.test(String(error))) throw error;
    }
  }
}

async function readTruthOfRedis({ address }: RedisServer): Promise<Truth> {
  const log = pino({ level: 'silent' });
  const redis = await connectRedis({ address, name: 'truth', log });
  try {
    return await readTruth(new RedisJournal({ redis }));
  } finally {
    redis.disconnect();
  }
}
