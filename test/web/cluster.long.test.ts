// The shop's pages on a cluster of real processes: the drop moves, and nodes are killed, with the
// pages open in mid-sale. Every test leaves the cluster whole.

import test, { type ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import { SHARD_COUNT, shardOf } from '../../domain/ids.ts';
import { Shopper } from '../cluster/shopper.ts';
import { type NodeId, TestCluster } from '../cluster/test-cluster.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { FaultProxy } from '../sdk/fault-proxy.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { BUY, buyerAtDrop, checkOneOrder, untilYours } from './buyer-page.ts';
import { visit } from './shop.ts';

const STOCK = 1_000;
/** For a machine that is busy with other tests. */
const SHOWN_MAX_MS = 120_000;

const run = chromiumInstalled && clusterInstalled ? test.serial : test.serial.skip;
let cluster: TestCluster;

if (chromiumInstalled && clusterInstalled) {
  test.before(async () => {
    cluster = await TestCluster.start();
  });
  test.after.always(() => cluster?.stop());
}

function urlOf(id: NodeId): string {
  return cluster.node(id).url;
}

/** The page of somebody who only looks, at that node's gateway. */
async function watcherAt(t: ExecutionContext, url: string, dropId: string): Promise<Page> {
  const { page } = await visit(await openChromium(t), `${url}/drops/${dropId}`);
  await page.getByText('left', { exact: false }).first().waitFor();
  return page;
}

/** The page shows what the drop's owner knows, without a reload. */
async function showsTruth(t: ExecutionContext, page: Page, via: NodeId): Promise<void> {
  const dropId = new URL(page.url()).pathname.split('/')[2]!;
  const { client } = cluster.node(via);
  const both = async () => {
    const shown = await page.locator('.buy-left b').innerText();
    const { free } = (await client.get(`/v1/drops/${dropId}`)).json as { readonly free: number };
    return [Number(shown.replaceAll(',', '')), free] as const;
  };
  const [shown, free] = await eventually(both, ([one, other]) => one === other, SHOWN_MAX_MS);
  t.is(shown, free);
}

/** Resolves when the shard of the drop is with the node. */
async function moveTo(to: NodeId, dropId: string): Promise<void> {
  const shard = shardOf(dropId, SHARD_COUNT);
  const { client } = cluster.node('north');
  const token = client.token('olga', 600, ['operator']);
  await client.post(`/v1/operator/shards/${shard}/pin`, { token, body: { to } });
  await eventually(
    () => cluster.shards(cluster.node('north')),
    (rows) => rows.find((row) => row.shard === shard)?.owner === to,
  );
}

run('U5: two browsers at two gateways, and a drop that moves while one of them buys', async (t) => {
  t.timeout(600_000);
  const dropId = await cluster.dropOn('west', { stock: STOCK, limitPerUser: 5 });
  const { client } = cluster.node('north');
  const browser = await openChromium(t);
  const watcher = await watcherAt(t, urlOf('south'), dropId);
  const at = { browser, url: urlOf('north'), client, dropId };
  const first = await buyerAtDrop(at);
  const second = await buyerAtDrop(at);
  const third = await buyerAtDrop(at);

  await first.page.getByRole('button', BUY).click();
  await untilYours(t, first.page);
  await watcher.getByText('999', { exact: true }).waitFor();

  const moved = moveTo('south', dropId);
  await second.page.getByRole('button', BUY).click();
  await moved;
  await untilYours(t, second.page);
  await watcher.getByText('998', { exact: true }).waitFor();

  await third.page.getByRole('button', BUY).click();
  await untilYours(t, third.page);
  for (const page of [watcher, first.page, third.page])
    await page.getByText('997', { exact: true }).waitFor();
  for (const buyer of [first, second, third]) await checkOneOrder(t, client, buyer);
});

run('U5: the owner of a drop is killed in mid-sale with the page open elsewhere', async (t) => {
  t.timeout(600_000);
  const dropId = await cluster.dropOn('west', { stock: STOCK });
  const { client } = cluster.node('north');
  const browser = await openChromium(t);
  const buyer = await buyerAtDrop({ browser, url: urlOf('north'), client, dropId });
  const watcher = await watcherAt(t, urlOf('south'), dropId);
  const shopper = new Shopper({ cluster, via: 'south', dropId });
  await shopper.made(5);
  await cluster.node('west').kill();
  await buyer.page.getByRole('button', BUY).click();
  await shopper.made(5);
  await untilYours(t, buyer.page);
  await shopper.end();
  await checkOneOrder(t, client, buyer);
  for (const page of [watcher, buyer.page]) await showsTruth(t, page, 'north');
  await cluster.node('west').start();
  await cluster.whole();
});

for (const [when, isDone] of [
  ['before the order is there', false],
  ['when the order is there, and its answer is lost', true],
] as const) {
  run(`U5: the page's gateway is killed in mid-press ${when}: one order`, async (t) => {
    t.timeout(600_000);
    const west = cluster.node('west');
    const dropId = await cluster.dropOn('west', { stock: STOCK });
    const { client } = cluster.node('north');
    const proxy = await FaultProxy.start(t, west.url);
    const { url } = proxy;
    const buyer = await buyerAtDrop({ browser: await openChromium(t), url, client, dropId });
    const watcher = await watcherAt(t, url, dropId);
    const shopper = new Shopper({ cluster, via: 'south', dropId });
    await shopper.made(5);
    let killed = false;
    await buyer.page.route('**/orders', async (route) => {
      if (killed || route.request().method() !== 'POST') return await route.continue();
      killed = true;
      if (isDone) await route.fetch();
      await west.kill();
      await route.abort();
    });
    await buyer.page.getByRole('button', BUY).click();
    await eventually(
      async () => killed && west.pid === 0,
      (is) => is,
    );
    t.deepEqual(buyer.seen, []);
    proxy.toward(urlOf('north'));
    await shopper.made(5);
    await untilYours(t, buyer.page);
    await shopper.end();
    await checkOneOrder(t, client, buyer);
    for (const page of [watcher, buyer.page]) await showsTruth(t, page, 'north');
    await west.start();
    await cluster.whole();
  });
}

run(
  'U5, J4, O3: what the pages and the other buyers were told is in the journal, once',
  async (t) => {
    t.deepEqual(await cluster.findings(), []);
  },
);
