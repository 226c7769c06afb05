// A press of Buy while the network, the server or the session ends: each ends in one order, and the
// page says "yours" after the server has said so, never before.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import { ClusterNode } from '../cluster/cluster-node.ts';
import { AUTH_SECRET, eventually } from '../end-to-end/sale-client.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { freePort } from '../servers/child-server.ts';
import { PASSWORD, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;
const BUY = { name: /^(Buy for|Ask again|Try again)/ } as const;
const YOURS = { name: 'It is yours' } as const;
/** For a machine that is busy with other tests. */
const SETTLED_MAX_MS = 120_000;

/**
 * Reports, in their order, answers that confirm an order and the words "It is yours" on the page,
 * over any number of reloads.
 */
const WITNESS = `{
  const { fetch } = globalThis;
  globalThis.fetch = async (...request) => {
    const response = await fetch(...request);
    if (/orders/.test(response.url) && /"status":"confirmed"/.test(await response.clone().text()))
      witness('answer');
    return response;
  };
  const look = () => {
    const titles = [...document.querySelectorAll('h2')].map(({ textContent }) => textContent);
    if (titles.includes('It is yours')) witness('yours');
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
}`;

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

interface Buyer {
  readonly page: Page;
  readonly email: string;
  readonly dropId: string;
  readonly seen: string[];
}

/** A buyer who is logged in, on the page of a new drop. */
async function buyerAtDrop(t: ExecutionContext): Promise<Buyer> {
  const { client } = node;
  const dropId = await client.drop('cleo', { stock: 9, limitPerUser: 5 });
  const email = `${client.fresh('buyer')}@example.com`;
  await client.post('/v1/auth/register', { body: { name: 'Buyer', email, password: PASSWORD } });
  const { page } = await visit(await openChromium(t), `${node.url}/log-in?next=/drops/${dropId}`);
  const seen: string[] = [];
  await page.exposeFunction('witness', (what: string) => seen.push(what));
  await page.addInitScript(WITNESS);
  await page.reload();
  await logIn(page, email);
  await page.getByRole('button', BUY).waitFor();
  return { page, email, dropId, seen };
}

async function logIn(page: Page, email: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** Presses again where the page is not sure, as a person does. Ends when it says "yours". */
async function untilYours(t: ExecutionContext, page: Page): Promise<void> {
  const isYours = await eventually(
    async () => {
      if (await page.getByRole('heading', YOURS).isVisible()) return true;
      const again = page.getByRole('button', BUY);
      if (await again.isEnabled({ timeout: 50 }).catch(() => false))
        await again.click({ timeout: 500 }).catch(() => undefined);
      return false;
    },
    (is) => is,
    SETTLED_MAX_MS,
  );
  t.true(isYours);
}

async function checkOnce(t: ExecutionContext, { dropId, seen }: Buyer): Promise<void> {
  const { json } = await node.client.get(`/v1/drops/${dropId}`);
  t.like(json, { sold: 1, held: 0, free: 8 });
  const orders = await eventually(
    () => node.client.listAll(`/v1/drops/${dropId}/orders`, 'cleo'),
    ({ length }) => length > 0,
  );
  t.is(orders.length, 1);
  t.is(seen[0], 'answer');
  t.true(seen.includes('yours'));
}

for (const [when, isDone] of [
  ['before the order is there', false],
  ['when the order is there, and its answer is lost', true],
] as const) {
  run(`U1: a server that is killed ${when}: one order`, async (t) => {
    t.timeout(400_000);
    const buyer = await buyerAtDrop(t);
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
  const buyer = await buyerAtDrop(t);
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
  const buyer = await buyerAtDrop(t);
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
  const buyer = await buyerAtDrop(t);
  const { page, email, seen } = buyer;
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
