// The ledger of a cluster of real processes: shards move, and the node that writes it is killed.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { SHARD_COUNT, shardOf } from '../../domain/ids.ts';
import { AUTH_SECRET, eventually, PAYMENT_SECRETS, succeeded } from '../end-to-end/sale-client.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { ClusterNode } from './cluster-node.ts';
import { assertVerified, completeLedger } from './ledger-runs.ts';

const WAIT_MAX_MS = 60_000;
const ORDERS = 40;

async function startNodes(t: ExecutionContext) {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-cluster-ledger-'));
  const blobs = join(directory, 'blobs');
  mkdirSync(blobs);
  const redis = await RedisServer.start();
  const nats = await NatsServer.start();
  const settings = (nodeId: string) => ({
    LIVEDROPS_DATA: join(directory, nodeId),
    LIVEDROPS_PORT: '0',
    LIVEDROPS_NODE_ID: nodeId,
    LIVEDROPS_ROLES: 'gateway,actors,services',
    LIVEDROPS_STORE: redis.url,
    LIVEDROPS_NATS: nats.url,
    LIVEDROPS_BLOBS: `file:${blobs}`,
    LIVEDROPS_RATE_LIMITS: 'off',
    LIVEDROPS_LOG: 'warn',
    LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
    LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS.join(' '),
  });
  const ids = ['north', 'south'];
  const nodes = ids.map((nodeId) => new ClusterNode({ nodeId, environment: settings(nodeId) }));
  t.teardown(async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await Promise.all([redis.stop(), nats.stop()]);
    rmSync(directory, { recursive: true, force: true });
  });
  await Promise.all(nodes.map((node) => node.start()));
  for (const node of nodes) await isReady(node);
  return { nodes, directory, environment: settings('north') };
}

async function isReady({ client }: ClusterNode): Promise<void> {
  const ready = () => client.get('/readyz');
  await eventually(ready, ({ status }) => status === 200, WAIT_MAX_MS);
}

async function isWriting({ client }: ClusterNode): Promise<boolean> {
  return /^livedrops_ledger_writing 1$/m.test((await client.get('/metrics')).text);
}

async function ownerOf({ client }: ClusterNode, shard: number): Promise<string> {
  const token = client.token('olga', 600, ['operator']);
  const { json } = succeeded(await client.get('/v1/operator/shards', { token }));
  const rows = json['items'] as readonly { shard: number; owner: string }[];
  return rows.find((row) => row.shard === shard)!.owner;
}

const clustered = clusterInstalled ? test : test.skip;
clustered(
  'L1: a shard that moves, and a killed writer, leave one ledger without gaps',
  async (t) => {
    t.timeout(300_000);
    const { nodes, directory: folder, environment } = await startNodes(t);
    const [north, south] = nodes as [ClusterNode, ClusterNode];
    const dropId = await north.client.drop('cleo', { stock: 1_000, limitPerUser: 1_000 });
    const shard = shardOf(dropId, SHARD_COUNT);
    const order = async (node: ClusterNode, prefix: string) => {
      for (let i = 0; i < ORDERS; i++)
        await eventually(
          () => node.client.order(dropId, 'ann', `${prefix}-${i}`),
          ({ status }) => status === 201,
          WAIT_MAX_MS,
        );
    };
    await order(north, 'before');
    const owner = await ownerOf(north, shard);
    const to = owner === 'north' ? 'south' : 'north';
    const token = north.client.token('olga', 600, ['operator']);
    const pin = { token, body: { to } };
    succeeded(await north.client.call('POST', `/v1/operator/shards/${shard}/pin`, pin));
    await order(south, 'moving');
    await eventually(
      () => ownerOf(north, shard),
      (now) => now === to,
      WAIT_MAX_MS,
    );
    await completeLedger(north);
    const older = await assertVerified(t, north, { environment, folder, name: 'older' });

    const writing = await Promise.all(nodes.map(isWriting));
    t.is(writing.filter(Boolean).length, 1, 'one node writes the ledger');
    const killed = nodes[writing.indexOf(true)]!;
    const left = killed === north ? south : north;
    await order(left, 'more');
    await killed.kill();
    await order(left, 'alone');
    await killed.start();
    await isReady(killed);
    await order(killed, 'both');
    await completeLedger(left);
    await assertVerified(t, left, { environment, folder, name: 'newer', against: older });
  },
);
