// The storefront in a real browser, against a real server.

import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { account, register, startShop, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;

run(
  'U1: one press buys, and another browser sees the stock fall; nothing is reported',
  async (t) => {
    t.timeout(400_000);
    const server = await startShop(t, 'embedded');
    const creator = await account(server);
    const dropId = await server.drop(creator, { stock: 5, limitPerUser: 1 });
    const browser = await openChromium(t);
    const url = `${server.urls[0]}/drops/${dropId}`;
    const buyer = await visit(browser, url);
    const watcher = await visit(browser, url);
    await watcher.page.getByText('of 5 left').waitFor();
    await buyer.page.getByRole('button', { name: 'Log in to buy' }).click();
    await register(buyer);
    // Back at the drop.
    await buyer.page.waitForURL(url);
    await buyer.page.getByRole('button', { name: /^Buy for/ }).click();
    await buyer.page.getByRole('heading', { name: 'It is yours' }).waitFor();
    await watcher.page.getByText('4', { exact: true }).waitFor();
    const orders = (await server.get(`/v1/drops/${dropId}/orders`, { as: creator })).json;
    t.is((orders['items'] as object[]).length, 1);
    // After a reload the page knows.
    await buyer.page.reload();
    await buyer.page.getByRole('heading', { name: 'It is yours' }).waitFor();
    // The lists say what was bought, and the order why it was refunded.
    const { productId } = (await server.get(`/v1/drops/${dropId}`)).json;
    const product = String((await server.get(`/v1/products/${String(productId)}`)).json['name']);
    await server.post(`/v1/orders/${dropId}-0/refund`, { as: creator, body: { reason: 'Torn.' } });
    for (const path of ['/orders', '/news']) {
      await buyer.page.goto(`${server.urls[0]}${path}`);
      await buyer.page.getByRole('listitem').filter({ hasText: product }).first().waitFor();
    }
    await buyer.page.goto(`${server.urls[0]}/orders/${dropId}-0`);
    await buyer.page.getByText(': Torn.').waitFor();
    for (const { troubles, origins } of [buyer, watcher]) {
      t.deepEqual(troubles, []);
      t.deepEqual(
        [...origins].map((origin) => origin.replace(/^ws/, 'http')),
        [server.urls[0]],
      );
    }
  },
);

run('U1: a lost answer and a reload in mid-press end in one order', async (t) => {
  t.timeout(400_000);
  const server = await startShop(t, 'embedded');
  const creator = await account(server);
  const dropId = await server.drop(creator, { stock: 5, limitPerUser: 3 });
  const browser = await openChromium(t);
  const url = `${server.urls[0]}/drops/${dropId}`;
  const buyer = await visit(browser, url);
  await buyer.page.getByRole('button', { name: 'Log in to buy' }).click();
  await register(buyer);
  await buyer.page.waitForURL(url);
  // The server does it, and the answer is lost.
  let lost = 0;
  await buyer.page.route('**/orders', async (route) => {
    if (route.request().method() !== 'POST') return await route.continue();
    await route.fetch();
    lost++;
    await route.abort();
  });
  await buyer.page.getByRole('button', { name: /^Buy for/ }).click();
  await buyer.page.getByText('Asking for your unit').first().waitFor();
  t.is(await buyer.page.getByRole('heading', { name: 'It is yours' }).count(), 0);
  await eventually(
    async () => lost,
    (times) => times > 0,
  );
  await buyer.page.unrouteAll({ behavior: 'wait' });
  await buyer.page.reload();
  await buyer.page.getByRole('heading', { name: 'It is yours' }).waitFor();
  const orders = (await server.get(`/v1/drops/${dropId}/orders`, { as: creator })).json;
  t.is((orders['items'] as object[]).length, 1);
});

run('U1: a double press, and a press in a second tab, are one order', async (t) => {
  t.timeout(400_000);
  const server = await startShop(t, 'embedded');
  const creator = await account(server);
  const dropId = await server.drop(creator, { stock: 9, limitPerUser: 5 });
  const browser = await openChromium(t);
  const url = `${server.urls[0]}/drops/${dropId}`;
  const first = await visit(browser, url);
  await first.page.getByRole('button', { name: 'Log in to buy' }).click();
  await register(first);
  await first.page.waitForURL(url);
  const second = await first.page.context().newPage();
  await second.goto(url);
  // Answers take a while, so that all presses are made before the first one comes.
  await first.page.context().route('**/orders', async (route) => {
    if (route.request().method() === 'POST') await delay(1_500);
    await route.continue();
  });
  const buy = { name: /^Buy for/ } as const;
  await second.getByRole('button', buy).waitFor();
  await first.page.getByRole('button', buy).dblclick();
  await second.getByRole('button', buy).click();
  for (const page of [first.page, second])
    await page.getByRole('heading', { name: 'It is yours' }).waitFor();
  const orders = (await server.get(`/v1/drops/${dropId}/orders`, { as: creator })).json;
  t.is((orders['items'] as object[]).length, 1);
  t.deepEqual(first.troubles, []);
});

run(
  'U1, D8: a drop that is paused goes on by itself; a countdown is right by a wrong clock',
  async (t) => {
    t.timeout(400_000);
    const server = await startShop(t, 'embedded');
    const creator = await account(server);
    const dropId = await server.drop(creator, { stock: 9 });
    const startsAt = new Date(Date.now() + 1_800_000).toISOString();
    const endsAt = new Date(Date.now() + 3_600_000).toISOString();
    const nextId = await server.drop(creator, { startsAt, endsAt });
    const browser = await openChromium(t);
    const { page, troubles } = await visit(browser, `${server.urls[0]}/drops/${dropId}`);
    await page.getByRole('button', { name: 'Log in to buy' }).waitFor();
    await server.post(`/v1/drops/${dropId}/pause`, { as: creator });
    await page.getByRole('button', { name: 'Paused' }).waitFor();
    await server.post(`/v1/drops/${dropId}/resume`, { as: creator });
    await page.getByRole('button', { name: 'Log in to buy' }).waitFor();
    // A device that is an hour ahead: by its clock the drop began half an hour ago.
    const ahead = await browser.newContext();
    await ahead.addInitScript('{ const now = Date.now; Date.now = () => now() + 3_600_000; }');
    const other = await ahead.newPage();
    await other.goto(`${server.urls[0]}/drops/${nextId}`);
    const left = other.getByRole('timer');
    await eventually(
      async () => (await left.textContent()) ?? '',
      (shown) => /^(2\d|30):\d\d$/.test(shown),
    );
    t.deepEqual(troubles, []);
  },
);

run('U1, U4: views without a list, a drop or an account say so, at 320 px too', async (t) => {
  t.timeout(400_000);
  const server = await startShop(t, 'embedded');
  const browser = await openChromium(t);
  const { page, troubles } = await visit(browser, `${server.urls[0]}/`, {
    viewport: { width: 320, height: 640 },
    colorScheme: 'dark',
  });
  await page.getByRole('heading', { name: 'No drops yet' }).waitFor();
  await page.goto(`${server.urls[0]}/search?q=lamp`);
  await page.getByText('Nothing was found for lamp.').waitFor();
  await page.goto(`${server.urls[0]}/orders`);
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  t.is(new URL(page.url()).search, '?next=%2Forders');
  t.true(Number(await page.evaluate('document.documentElement.scrollWidth')) <= 320);
  t.deepEqual(troubles, []);
  await page.goto(`${server.urls[0]}/?lang=de`);
  await page.getByRole('heading', { name: 'Noch keine Drops' }).waitFor();
});

run('U1, D10: the page of what is unlisted asks not to be indexed, and it is sold', async (t) => {
  t.timeout(400_000);
  const server = await startShop(t, 'embedded');
  const creator = await account(server);
  const listed = await server.drop(creator, { stock: 5 });
  const hidden = await server.drop(creator, { stock: 5, unlisted: true });
  const browser = await openChromium(t);
  const [url] = server.urls;
  const buyer = await visit(browser, `${url}/drops/${hidden}`);
  const { page } = buyer;
  await page.getByRole('heading', { name: 'Lamp' }).waitFor();
  const robots = page.locator('head meta[name=robots][content=noindex]');
  await robots.waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'Log in to buy' }).click();
  await robots.waitFor({ state: 'detached' });
  await register(buyer);
  await page.getByRole('button', { name: /^Buy for/ }).click();
  await page.getByRole('heading', { name: 'It is yours' }).waitFor();
  await page.goto(`${url}/drops/${listed}`);
  await page.getByRole('button', { name: /^Buy for/ }).click();
  await page.getByRole('heading', { name: 'It is yours' }).waitFor();
  t.is(await robots.count(), 0);
  await page.getByRole('link', { name: 'Orders' }).click();
  await page.getByText('Lamp').nth(1).waitFor();
  t.is(await page.getByRole('link', { name: /^Lamp/ }).count(), 2);
  t.deepEqual(buyer.troubles, []);
});
