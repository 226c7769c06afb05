// The creators whom a user follows, on the home page.

import test from 'ava';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { account, register, startShop, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;

run('U1: the home page has the creators whom the user follows', async (t) => {
  t.timeout(400_000);
  const server = await startShop(t, 'embedded');
  const creator = await account(server);
  const browser = await openChromium(t);
  const watched = await visit(browser, `${server.urls[0]}/log-in?next=/creators/${creator}`);
  const { page, troubles } = watched;
  await register(watched);
  await page.getByRole('button', { name: 'Follow' }).click();
  await page.getByRole('button', { name: 'Following' }).waitFor();
  await page.goto(server.urls[0]!);
  await page.getByRole('heading', { name: 'Creators you follow' }).waitFor();
  await page.getByRole('link', { name: 'Mara Lindqvist' }).click();
  await page.waitForURL(`${server.urls[0]}/creators/${creator}`);
  t.deepEqual(troubles, []);
});
