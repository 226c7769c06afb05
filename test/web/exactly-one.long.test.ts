// A press of Buy while the network, the server or the session ends: each ends in one order, and the
// page says "yours" after the server has said so, never before.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ClusterNode } from '../cluster/cluster-node.ts';
import { AUTH_SECRET, eventually } from '../end-to-end/sale-client.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { freePort } from '../servers/child-server.ts';
import {
  BUY,
  buyerAtDrop,
  type BuyerPage,
  checkOneOrder,
  logIn,
  untilYours,
} from './buyer-page.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;

let directory = '';
let node: ClusterNode;

test.before(async () => {
  if (!chromiumInstalled) return;
  directory = mkdtempSync(join(tmpdir(), 'livedrops-exactly-one-'));
  node = new ClusterNode({
    nodeId: 'alone',
    environment: {
      LIVEDROPS_DATA: directory,
      // The same after a restart: the page is open.
      LIVEDROPS_PORT: String(await freePort()),
      LIVEDROPS_ROLES: 'gateway,actors,services',
      LIVEDROPS_RATE_LIMITS: 'off',
      LIVEDROPS_LOG: 'warn',
      LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
    },
  });
  await node.start();
});
test.after.always(async () => {
  await node?.kill();
  if (directory !== '') rmSync(directory, { recursive: true, force: true });
});

/** On the page of a new drop. */
async function newBuyer(t: ExecutionContext): Promise<BuyerPage> {
  const { client, url } = node;
  const dropId = await client.drop('cleo', { stock: 9, limitPerUser: 5 });
  return await buyerAtDrop({ browser: await openChromium(t), url, client, dropId });
}

async function checkOnce(t: ExecutionContext, buyer: BuyerPage): Promise<void> {
  const { json } = await node.client.get(`/v1/drops/${buyer.dropId}`);
  t.like(json, { sold: 1, held: 0, free: 8 });
  await checkOneOrder(t, node.client, buyer);
}

for (const [when, isDone] of [
  ['before the order is there', false],
  ['when the order is there, and its answer is lost', true],
] as const) {
  run(`U1: a server that is killed ${when}: one order`, async (t) => {
    t.timeout(400_000);
    const buyer = await newBuyer(t);
    const { page, seen } = buyer;
    let killed = false;
    await page.route('**/orders', async (route) => {
      if (killed || route.request().method() !== 'POST') return await route.continue();
      killed = true;
      if (isDone) await route.fetch();
      await node.kill();
      await route.abort();
    });
    await page.getByRole('button', BUY).click();
    await eventually(
      async () => killed && node.pid === 0,
      (is) => is,
    );
    t.deepEqual(seen, []);
    await node.start();
    await untilYours(t, page);
    await checkOnce(t, buyer);
  });
}

run('U1: a press without a network is one order when it is back', async (t) => {
  t.timeout(400_000);
  const buyer = await newBuyer(t);
  const { page, seen } = buyer;
  await page.context().setOffline(true);
  await page.getByRole('button', BUY).click();
  await page.getByText('Asking for your unit').first().waitFor();
  t.deepEqual(seen, []);
  await page.context().setOffline(false);
  await untilYours(t, page);
  await checkOnce(t, buyer);
});

run('U1: an access token that ended is renewed in mid-press: one order', async (t) => {
  t.timeout(400_000);
  const buyer = await newBuyer(t);
  const { page } = buyer;
  const item = `livedrops:session:${node.url}`;
  const read = `JSON.parse(localStorage.getItem(${JSON.stringify(item)}))`;
  const kept: { readonly user: { readonly id: string } } = await page.evaluate(read);
  const ended = JSON.stringify({ ...kept, accessToken: node.client.token(kept.user.id, -60) });
  const write = `localStorage.setItem(${JSON.stringify(item)}, ${JSON.stringify(ended)})`;
  await page.evaluate(write);
  const renewed = page.waitForResponse((response) => response.url().endsWith('/v1/auth/refresh'));
  await page.getByRole('button', BUY).click();
  t.is((await renewed).status(), 200);
  await untilYours(t, page);
  await checkOnce(t, buyer);
});

run('U1: whose session was ended is asked to log in, and then has one order', async (t) => {
  t.timeout(400_000);
  const buyer = await newBuyer(t);
  const { page, email, seen } = buyer;
  // Its stream tells the page within a second: here the press comes first.
  await page.routeWebSocket(/\/v1\/notifications/, () => undefined);
  await page.reload();
  await page.getByRole('button', BUY).waitFor();
  const read = `JSON.parse(localStorage.getItem('livedrops:session:${node.url}')).refreshToken`;
  const refreshToken = String(await page.evaluate(read));
  await node.client.post('/v1/auth/logout', { body: { refreshToken } });
  await page.getByRole('button', BUY).click();
  await page.getByRole('button', { name: 'Log in to buy' }).click();
  t.deepEqual(seen, []);
  await logIn(page, email);
  await page.waitForURL(/\/drops\//);
  await untilYours(t, page);
  await checkOnce(t, buyer);
});
