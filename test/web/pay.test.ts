// The page on which a held order is paid, in a real browser, with the development provider.

import test from 'ava';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { account, register, startShop, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;

run('U1, P1: a held order is declined, then paid, on a page of its own', async (t) => {
  t.timeout(400_000);
  const server = await startShop(t, 'embedded');
  const creator = await account(server);
  const terms = { stock: 5, payment: 'provider', holdSeconds: 600 };
  const dropId = await server.drop(creator, terms);
  const browser = await openChromium(t);
  const url = `${server.urls[0]}/drops/${dropId}`;
  const { page, troubles, origins } = await visit(browser, url);
  await page.getByRole('button', { name: 'Log in to buy' }).click();
  await register({ page, troubles, origins });
  await page.waitForURL(url);
  await page.getByRole('button', { name: /^Buy for/ }).click();
  await page.getByRole('heading', { name: 'Held for you' }).waitFor();
  await page.getByRole('link', { name: /^Pay/ }).click();
  await page.waitForURL(/\/orders\/[^/]+\/pay$/);
  await page.getByRole('heading', { name: 'Nobody pays really here' }).waitFor();
  t.regex(await page.getByRole('timer').innerText(), /^(09:\d\d|10:00)$/);
  await page.getByRole('button', { name: 'Have it declined' }).click();
  await page.getByText('The payment was declined').waitFor();
  t.is(await page.getByRole('heading', { name: 'It is yours' }).count(), 0);
  await page.getByRole('button', { name: /^Pay/ }).click();
  await page.getByRole('heading', { name: 'It is yours' }).waitFor();
  // What was paid stays so, and a visitor is led to the log-in.
  const payUrl = page.url();
  await page.reload();
  await page.getByRole('heading', { name: 'It is yours' }).waitFor();
  const visitor = await visit(browser, payUrl);
  await visitor.page.waitForURL(/\/log-in\?next=/);
  t.like((await server.get(`/v1/drops/${dropId}`)).json, { sold: 1, held: 0 });
  t.deepEqual(troubles, []);
  t.deepEqual(
    [...origins].map((origin) => origin.replace(/^ws/, 'http')),
    [server.urls[0]],
  );
});
