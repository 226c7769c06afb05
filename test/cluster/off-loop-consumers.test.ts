// An off-loop consumer in a cluster of real processes: two nodes that sell and two with the role
// `services`, one of which is killed in the middle of the consumer's work.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import pino from 'pino';
import { SHARD_COUNT } from '../../domain/ids.ts';
import { RedisConsumerPositions } from '../../storage/redis/catalogue/consumer-positions-redis.ts';
import { connectRedis } from '../../storage/redis/connection/connection.ts';
import { RedisJournal } from '../../storage/redis/journal/journal-redis.ts';
import { AUTH_SECRET, eventually, PAYMENT_SECRETS, SaleClient } from '../end-to-end/sale-client.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { differences, replayedFacts } from '../events/off-loop/recorded-facts.ts';
import { readRecorded, type RecordingOptions } from '../events/off-loop/recording-consumer.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { ClusterNode } from './cluster-node.ts';

const PROGRAM = fileURLToPath(new URL('../events/off-loop/recording-node.ts', import.meta.url));
const CONSUMER = 'recording';
const DROPS = 6;
/** In each third of the test. */
const ORDERS = 60;
const FAULT_AT_ENTRY = 50;
const WAIT_MAX_MS = 60_000;
/** A lease of 10 s that is asked for every 2.5 s, in polls of one second; and busy cores. */
const TAKEOVER_MAX_MS = 20_000;

/** What the services nodes wrote, by node. */
interface Recorders {
  readonly nodes: readonly ClusterNode[];
  readonly files: readonly string[];
}

async function startCluster() {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-off-loop-'));
  const redis = await RedisServer.start();
  const nats = await NatsServer.start();
  const marker = join(directory, 'fault');
  const nodeOf = (nodeId: string, roles: string, consumers: readonly RecordingOptions[]) =>
    new ClusterNode({
      nodeId,
      program: [PROGRAM, JSON.stringify(consumers)],
      environment: {
        LIVEDROPS_DATA: join(directory, nodeId),
        LIVEDROPS_HOST: '127.0.0.1',
        LIVEDROPS_PORT: '0',
        LIVEDROPS_NODE_ID: nodeId,
        LIVEDROPS_ROLES: roles,
        LIVEDROPS_STORE: redis.url,
        LIVEDROPS_NATS: nats.url,
        LIVEDROPS_RATE_LIMITS: 'off',
        LIVEDROPS_LOG: 'warn',
        LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
        LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS.join(' '),
      },
    });
  const files = ['first', 'second'].map((name) => join(directory, name));
  const sellers = ['north', 'south'].map((id) => nodeOf(id, 'gateway,actors', []));
  const recorders: Recorders = {
    files,
    nodes: files.map((file, i) => {
      const fault = { kind: 'never-ends', atEntry: FAULT_AT_ENTRY, marker } as const;
      return nodeOf(`services${i}`, 'services', [{ name: CONSUMER, file, fault }]);
    }),
  };
  const nodes = [...sellers, ...recorders.nodes];
  const log = pino({ level: 'silent' });
  const truth = await connectRedis({ address: redis.address, name: 'truth', log });
  return {
    marker,
    recorders,
    journal: new RedisJournal({ redis: truth }),
    positions: new RedisConsumerPositions({ redis: truth }),
    async start(): Promise<SaleClient> {
      await Promise.all(nodes.map((node) => node.start()));
      for (const { client } of sellers)
        await eventually(
          () => client.get('/readyz'),
          ({ status }) => status === 200,
          WAIT_MAX_MS,
        );
      return new SaleClient({ urls: sellers.map(({ url }) => url) });
    },
    async stop(): Promise<void> {
      await Promise.all(nodes.map((node) => node.kill()));
      truth.disconnect();
      await Promise.all([redis.stop(), nats.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const clustered = clusterInstalled ? test : test.skip;
clustered(
  'J1: a killed node of an off-loop consumer is followed by another, which skips nothing',
  async (t) => {
    t.timeout(240_000);
    const cluster = await startCluster();
    t.teardown(() => cluster.stop());
    const { recorders, journal, positions, marker } = cluster;
    const client = await cluster.start();
    const dropIds = await Promise.all(
      Array.from({ length: DROPS }, () => client.drop('cleo', { stock: 1000, limitPerUser: 1000 })),
    );
    const order = async (prefix: string) => {
      for (let i = 0; i < ORDERS; i++) {
        const dropId = dropIds[i % DROPS]!;
        t.is((await client.order(dropId, `user${i % 7}`, `${prefix}${i}`)).status, 201);
      }
    };
    const shards = Array.from({ length: SHARD_COUNT }, (_, shard) => shard);
    const positionsNow = () => Promise.all(shards.map((one) => positions.load(CONSUMER, one)));
    const headsNow = async () =>
      (await Promise.all(shards.map((one) => journal.head(one)))).map((head) => head.lastSequence);

    await order('before');
    t.true(await eventually(async () => existsSync(marker), Boolean, WAIT_MAX_MS));
    await order('meanwhile');
    const written = recorders.files.map(readRecorded);
    t.deepEqual(
      written.map((one) => one.length).toSorted((a, b) => a - b),
      [0, FAULT_AT_ENTRY - 1],
    );
    const killed = written[0]!.length > 0 ? 0 : 1;
    await recorders.nodes[killed]!.kill();
    const killedAt = performance.now();
    const stored = await positionsNow();
    for (const shard of shards) {
      const last = written[killed]!.findLast((batch) => batch.shard === shard)?.sequence ?? 0;
      t.true(stored[shard]! <= last, `the position of shard ${shard} passed undone work`);
    }

    await order('after');
    const heir = recorders.files[1 - killed]!;
    t.true(await eventually(async () => existsSync(heir), Boolean, WAIT_MAX_MS));
    const tookMs = performance.now() - killedAt;
    t.true(tookMs < TAKEOVER_MAX_MS, `${tookMs} ms`);
    const heads = await headsNow();
    t.deepEqual(
      await eventually(
        positionsNow,
        (now) => now.every((position, shard) => position >= heads[shard]!),
        WAIT_MAX_MS,
      ),
      heads,
    );
    const inherited = readRecorded(heir);
    for (const shard of shards) {
      const first = inherited.find((batch) => batch.shard === shard)?.sequence;
      if (first !== undefined) t.is(first, stored[shard]! + 1);
    }
    const truth = await replayedFacts(journal, SHARD_COUNT);
    t.is(
      truth.flatMap(({ facts }) => facts).filter(({ event }) => event.type === 'order-placed')
        .length,
      3 * ORDERS,
    );
    t.deepEqual(differences([...readRecorded(recorders.files[killed]!), ...inherited], truth), []);
    t.log(`taken over ${Math.round(tookMs)} ms after the kill; ${truth.length} entries`);
  },
);
