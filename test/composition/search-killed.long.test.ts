// A node on SQLite is killed several times while products and drops change, also while its search
// index is made anew. In the end the index is what one from nothing is.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ClusterNode } from '../cluster/cluster-node.ts';
import { AUTH_SECRET, dropTerms, eventually, type Json } from '../end-to-end/sale-client.ts';

const KILLS = 5;
const CHANGES = 25;
const WAIT_MAX_MS = 90_000;

interface Index {
  readonly isBuilding: boolean;
  readonly recordsBehind: number;
  readonly rebuilds: number;
  readonly rebuild: object | null;
}

test('Q4: an index that was killed again and again is what a new one is', async (t) => {
  t.timeout(600_000);
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-search-killed-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const node = new ClusterNode({
    nodeId: 'alone',
    environment: {
      LIVEDROPS_DATA: directory,
      LIVEDROPS_PORT: '0',
      LIVEDROPS_NODE_ID: 'alone',
      LIVEDROPS_RATE_LIMITS: 'off',
      LIVEDROPS_LOG: 'warn',
      LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
    },
  });
  t.teardown(() => node.kill());
  await node.start();
  const operator = () => node.client.token('olga', 3600, ['operator']);
  const index = async (): Promise<Index | null> => {
    const { json } = await node.client.get('/v1/operator/search', { token: operator() });
    return (json['items'] as { index: Index | null }[])[0]?.index ?? null;
  };
  const rebuild = () =>
    node.client.post('/v1/operator/search/alone/rebuild', { token: operator() });
  const products: string[] = [];
  const drops: string[] = [];
  const change = async (i: number) => {
    const { client } = node;
    const as = `creator${i % 4}`;
    const body = { name: `Aurora runners ${i}` };
    const product = await client.post(`/v1/creators/${as}/products`, { as, body });
    const productId = String(product.json['id']);
    products.push(productId);
    const drop = await client.post(`/v1/products/${productId}/drops`, { as, body: dropTerms() });
    drops.push(String(drop.json['id']));
    const renamed = products[Math.floor(i / 2)]!;
    const owner = `creator${Math.floor(i / 2) % 4}`;
    await client.call('PATCH', `/v1/products/${renamed}`, {
      as: owner,
      body: { name: `Borealis boots ${i}` },
    });
    await client.order(drops[Math.floor(i / 3)]!, `buyer${i}`, `key${i}`);
    if (i % 7 === 0) await client.post(`/v1/drops/${drops.at(-1)!}/cancel`, { as });
  };
  for (let kill = 0; kill < KILLS; kill++) {
    if (kill % 2 === 1) {
      const isIdle = (found: Index | null) => found?.rebuild === null && !found.isBuilding;
      t.true(isIdle(await eventually(index, isIdle, WAIT_MAX_MS)), 'no rebuild is under way');
      t.is((await rebuild()).status, 202);
    }
    for (let i = 0; i < CHANGES; i++) await change(kill * CHANGES + i);
    await node.kill();
    await node.start();
  }
  const isAtRest = (found: Index | null) =>
    found !== null && !found.isBuilding && found.recordsBehind === 0 && found.rebuild === null;
  /** All that is found, whatever its order. */
  const all = async () => {
    await eventually(index, isAtRest, WAIT_MAX_MS);
    const headers = { accept: 'application/x-ndjson' };
    const { text } = await node.client.get('/v1/search', { headers });
    return text.trimEnd().split('\n').toSorted();
  };
  const expected = 2 * KILLS * CHANGES;
  const survived = await eventually(all, (lines) => lines.length === expected, WAIT_MAX_MS);
  t.is(survived.length, expected);
  const before = (await index())!.rebuilds;
  t.is((await rebuild()).status, 202);
  await eventually(index, (found) => (found?.rebuilds ?? 0) > before, WAIT_MAX_MS);
  t.deepEqual(await all(), survived);
  const listed = await node.client.listAll('/v1/drops');
  const statusOf = new Map(
    survived
      .map((line) => JSON.parse(line) as Json)
      .filter(({ type }) => type === 'drop')
      .map(({ id, status }) => [id, status]),
  );
  for (const { id, status } of listed) t.is(statusOf.get(id), status, String(id));
});
