// Search in a cluster of real processes: a gateway without an index, and two nodes with one each,
// of which both are lost in the end.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import {
  type Answer,
  AUTH_SECRET,
  dropTerms,
  eventually,
  type Json,
  PAYMENT_SECRETS,
} from '../end-to-end/sale-client.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { ClusterNode } from './cluster-node.ts';

const WAIT_MAX_MS = 60_000;
const ids = ({ json }: Answer) => ((json['items'] as Json[] | undefined) ?? []).map(({ id }) => id);

const clustered = clusterInstalled ? test : test.skip;
clustered('Q5: a lost search node is replaced by another, and without one it is 503', async (t) => {
  t.timeout(240_000);
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-search-'));
  const redis = await RedisServer.start();
  const nats = await NatsServer.start();
  const nodeOf = (nodeId: string, roles: string) =>
    new ClusterNode({
      nodeId,
      environment: {
        LIVEDROPS_DATA: join(directory, nodeId),
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
  const gateway = nodeOf('gateway', 'gateway,actors,services');
  const [east, west] = [nodeOf('east', 'search'), nodeOf('west', 'search')];
  const nodes = [gateway, east, west];
  t.teardown(async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await Promise.all([redis.stop(), nats.stop()]);
    rmSync(directory, { recursive: true, force: true });
  });
  await Promise.all(nodes.map((node) => node.start()));
  const { client } = gateway;
  const token = client.token('olga', 3600, ['operator']);
  const indexes = async () => {
    const { json } = await client.get('/v1/operator/search', { token });
    return (json['items'] as { index: { documents: number; isBuilding: boolean } | null }[]) ?? [];
  };
  const product = await client.post('/v1/creators/cleo/products', {
    as: 'cleo',
    body: { name: 'Aurora runners' },
  });
  const path = `/v1/products/${String(product.json['id'])}/drops`;
  const drop = await client.post(path, { as: 'cleo', body: dropTerms() });
  const dropId = String(drop.json['id']);
  // Each of the two has both documents.
  const whole = await eventually(
    indexes,
    (all) => all.length === 2 && all.every(({ index }) => index?.documents === 2),
    WAIT_MAX_MS,
  );
  t.deepEqual(
    whole.map(({ index }) => index?.documents),
    [2, 2],
  );
  const search = () => client.get('/v1/search?q=aurora+runers&type=drops');
  t.deepEqual(ids(await search()), [dropId]);

  await east.kill();
  for (let i = 0; i < 10; i++) {
    const answer = await search();
    t.is(answer.status, 200, 'a node that was killed shows in no answer');
    t.deepEqual(ids(answer), [dropId]);
  }

  await west.kill();
  const none = await eventually(search, ({ status }) => status === 503, WAIT_MAX_MS);
  t.is(none.json['code'], 'search-unavailable');
  t.is(none.headers.get('retry-after'), '1');
  t.is((await client.get(`/v1/drops/${dropId}`)).status, 200, 'sales go on');

  // What happened meanwhile is caught up with.
  await client.post(`/v1/drops/${dropId}/cancel`, { as: 'cleo' });
  await east.start();
  const cancelled = await eventually(
    search,
    ({ json }) => (json['items'] as Json[] | undefined)?.[0]?.['status'] === 'cancelled',
    WAIT_MAX_MS,
  );
  t.deepEqual(ids(cancelled), [dropId]);
});
