// The console in a real browser, against a cluster of two nodes: an operator drains one while a sale
// goes on.

import test from 'ava';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { account, PASSWORD, register, startShop, visit } from './shop.ts';

const run = chromiumInstalled && clusterInstalled ? test.serial : test.serial.skip;

run('U3: a node is drained from the console in mid-sale, after its name was typed', async (t) => {
  t.timeout(600_000);
  const server = await startShop(t, 'cluster');
  const [origin] = server.urls;
  const creator = await account(server);
  const dropId = await server.drop(creator, { stock: 50, limitPerUser: 5 });
  const email = 'ada@example.com';
  await server.post('/v1/auth/register', { body: { name: 'Ada', email, password: PASSWORD } });
  const added = await server.post('/v1/operator/operators', {
    token: server.token('olga', 60, ['operator']),
    body: { email, role: 'operator' },
  });
  const [code] = added.json['recoveryCodes'] as readonly string[];
  const browser = await openChromium(t);

  const buyer = await visit(browser, `${origin}/drops/${dropId}`);
  await buyer.page.getByRole('button', { name: 'Log in to buy' }).click();
  await register(buyer);
  await buyer.page.getByRole('button', { name: /^Buy for/ }).waitFor();

  const operator = await visit(browser, `${origin}/console`);
  const { page } = operator;
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByLabel('Code of your second factor').fill(code!);
  await page.getByRole('button', { name: 'Log in' }).click();
  const south = page.getByRole('listitem').filter({ hasText: 'south' }).first();
  await south.getByText('Serving').waitFor();

  // The log-in without a code was refused, as it has to be.
  operator.troubles.length = 0;
  await south.getByRole('button', { name: 'Drain' }).click();
  await south.getByText('livedrops drain south').waitFor();
  await south.getByText(/shards would move/).waitFor();
  const go = south.getByRole('button', { name: 'Do it' });
  t.true(await go.isDisabled());
  await south.getByLabel('Type south to go on').fill('south');
  await go.click();
  await south.getByText('Drained').waitFor();

  await buyer.page.getByRole('button', { name: /^Buy for/ }).click();
  await buyer.page.getByRole('heading', { name: 'It is yours' }).waitFor();

  await page.getByRole('link', { name: 'Audit' }).click();
  await page.getByRole('cell', { name: 'drain', exact: true }).waitFor();
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
