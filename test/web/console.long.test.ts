// The console in a real browser, against a cluster of two nodes: an operator drains one while a
// sale goes on.

import test from 'ava';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import {
  account,
  operatorAccount,
  PASSWORD,
  register,
  startShop,
  visit,
  visitConsole,
} from './shop.ts';

const run = chromiumInstalled && clusterInstalled ? test.serial : test.serial.skip;

run('U3: a node is drained from the console in mid-sale, after its name was typed', async (t) => {
  t.timeout(600_000);
  const server = await startShop(t, 'cluster');
  const [origin] = server.urls;
  const creator = await account(server);
  const dropId = await server.drop(creator, { stock: 50, limitPerUser: 5 });
  const { email, codes } = await operatorAccount(server);
  const browser = await openChromium(t);

  const buyer = await visit(browser, `${origin}/drops/${dropId}`);
  await buyer.page.getByRole('button', { name: 'Log in to buy' }).click();
  await register(buyer);
  await buyer.page.getByRole('button', { name: /^Buy for/ }).waitFor();

  const operator = await visitConsole(browser, origin!, { email, code: codes[0]! });
  const { page } = operator;
  const south = page.getByRole('listitem').filter({ hasText: 'south' }).first();
  await south.getByText('Serving').waitFor();

  await south.getByRole('button', { name: 'Drain' }).click();
  await south.getByText('livedrops drain south').waitFor();
  await south.getByText(/shards would move/).waitFor();
  const go = south.getByRole('button', { name: 'Do it' });
  t.true(await go.isDisabled());
  await south.getByLabel('Type south to go on').fill('south');
  await go.click();
  await south.getByText('Drained', { exact: true }).waitFor();

  await buyer.page.getByRole('button', { name: /^Buy for/ }).click();
  await buyer.page.getByRole('heading', { name: 'It is yours' }).waitFor();

  await south.getByRole('button', { name: 'Take it back' }).click();
  await south.getByLabel('Type south to go on').fill('south');
  await south.getByRole('button', { name: 'Do it' }).click();
  await south.getByText('Serving').waitFor();

  await page.getByLabel('Its number').fill('7');
  await page.getByRole('button', { name: 'Pin to a node' }).click();
  const pin = page.locator('form').filter({ hasText: 'Pin to a node' });
  await pin.getByLabel('Node').selectOption('south');
  await pin.getByText('livedrops pin 7 south').waitFor();
  await pin.getByLabel('Type 7 to go on').fill('7');
  await pin.getByRole('button', { name: 'Do it' }).click();
  await page.getByText('south (pinned)').waitFor();

  await page.getByRole('link', { name: 'Audit' }).click();
  await page.getByRole('cell', { name: 'drain', exact: true }).waitFor();
  await page.getByLabel('Action').fill('pin');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByText('livedrops audit --action pin').waitFor();
  await page.getByRole('cell', { name: 'drain', exact: true }).waitFor({ state: 'detached' });
  for (const [link, title] of [
    ['Payments', 'Payments'],
    ['Sellers', 'Sellers'],
    ['Jobs', 'Jobs'],
    ['Caches', 'Caches'],
  ] as const) {
    await page.getByRole('link', { name: link }).click();
    await page.getByRole('heading', { name: title, level: 1 }).waitFor();
  }
  for (const { troubles } of [buyer, operator]) t.deepEqual(troubles, []);
});

run(
  'U3: a verification and a rebuild run from the console, and end with what they found',
  async (t) => {
    t.timeout(600_000);
    const server = await startShop(t, 'embedded');
    const dropId = await server.drop(await account(server), { stock: 5 });
    await server.order(dropId, 'ann', 'k');
    const { email, codes } = await operatorAccount(server);
    const browser = await openChromium(t);
    const { page, troubles } = await visitConsole(browser, server.urls[0]!, {
      email,
      code: codes[0]!,
    });
    await page.getByRole('link', { name: 'Upkeep' }).click();
    await page.getByRole('button', { name: 'Verify everything' }).click();
    await page.getByLabel('Type verify to go on').fill('verify');
    await page.getByRole('button', { name: 'Do it' }).click();
    await page.getByText('1 shard was read, and nothing is wrong.').waitFor();
    await page.getByRole('button', { name: 'Rebuild' }).first().click();
    const form = page.locator('form').filter({ hasText: 'livedrops rebuild' });
    await form.getByLabel('Only count what is missing').check();
    await form.getByText('livedrops rebuild --dry-run').waitFor();
    await form.getByLabel('Type rebuild to go on').fill('rebuild');
    await form.getByRole('button', { name: 'Do it' }).click();
    await page.getByText('0 orders and 0 notifications are missing.').waitFor();
    t.deepEqual(troubles, []);
  },
);

run('U3: an auditor sees the cluster, and no way to change it', async (t) => {
  t.timeout(600_000);
  const server = await startShop(t, 'embedded');
  const { email, codes } = await operatorAccount(server, 'auditor');
  const browser = await openChromium(t);
  const { page } = await visitConsole(browser, server.urls[0]!, { email, code: codes[0]! });
  await page.getByText('You may see everything here, and change nothing.').waitFor();
  t.is(await page.locator('main').getByRole('button').count(), 0);
});

run('U3: who is no operator sees no cluster', async (t) => {
  t.timeout(600_000);
  const server = await startShop(t, 'embedded');
  const email = 'eve@example.com';
  await server.post('/v1/auth/register', { body: { name: 'Eve', email, password: PASSWORD } });
  const { page } = await visit(await openChromium(t), `${server.urls[0]}/console`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('This account is no operator.').waitFor();
  t.is(await page.getByRole('button', { name: 'Drain' }).count(), 0);
});
