// The first visit of an empty server, in a real browser: a sample shop, and a purchase in it.

import test from 'ava';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { startShop, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;

run('U1: on an empty server one press opens a sample shop, and another one buys', async (t) => {
  t.timeout(600_000);
  const server = await startShop(t, 'embedded');
  const { page, troubles } = await visit(await openChromium(t), server.urls[0]!);
  await page.getByRole('button', { name: 'Open a sample shop' }).click();
  await page.getByRole('button', { name: /^Buy for/ }).click();
  await page.getByRole('heading', { name: 'It is yours' }).waitFor();
  await page.getByText('Your sample shop is open.').waitFor();
  await page.getByRole('button', { name: 'Got it' }).click();
  await page.getByText('Your sample shop is open.').waitFor({ state: 'detached' });
  await page.goto(`${server.urls[0]}/studio`);
  await page.getByRole('link', { name: 'Halo table lamp' }).waitFor();
  t.deepEqual(troubles, []);
});
