// The first sale of somebody who has never seen the pages: from the empty home page of a new server
// to an order of a second browser, while an operator drains a node. What they press is counted:
// each press more is something in the way.

import test from 'ava';
import type { Locator } from 'playwright-core';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { operatorAccount, PASSWORD, startShop, visit, visitConsole } from './shop.ts';

const run = chromiumInstalled && clusterInstalled ? test.serial : test.serial.skip;
const SELLER_PRESSES = 6;
const BUYER_PRESSES = 4;

/** Of a browser; the types here are those of Node. */
interface Clipboard {
  readonly clipboard: { readText(): Promise<string> };
}

class Presses {
  count = 0;

  async on(target: Locator): Promise<void> {
    this.count++;
    await target.click();
  }
}

run('U1, U2, U3: a first sale to a second browser, while a node is drained', async (t) => {
  t.timeout(600_000);
  const server = await startShop(t, 'cluster');
  const [origin] = server.urls;
  const { email, codes } = await operatorAccount(server);
  const browser = await openChromium(t);
  const seller = await visit(browser, origin!, {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const sold = new Presses();
  {
    const { page } = seller;
    const button = (name: string) => page.getByRole('button', { name });
    await sold.on(page.getByRole('main').getByRole('link', { name: 'Sell here' }));
    await page.getByLabel('Name').fill('Mara Lindqvist');
    await page.getByLabel('E-mail').fill('mara@example.com');
    await page.getByLabel('Password').fill(PASSWORD);
    await sold.on(button('Make the account'));
    await page.getByRole('heading', { name: 'What do you sell?' }).waitFor();
    await page.getByLabel('Name', { exact: true }).fill('Aurora runners');
    await sold.on(button('Make the product'));
    await sold.on(page.getByLabel('Sell from now on'));
    await page.getByLabel('Price').fill('129');
    await sold.on(button('Announce it'));
    await page.getByText('Live', { exact: true }).first().waitFor();
    await sold.on(button('Copy the link'));
    await page.getByText('Copied.').waitFor();
  }
  const link = await seller.page.evaluate(() =>
    (navigator as unknown as Clipboard).clipboard.readText(),
  );

  const operator = await visitConsole(browser, server.urls[1]!, { email, code: codes[0]! });
  const north = operator.page.getByRole('listitem').filter({ hasText: 'north' }).first();
  await north.getByRole('button', { name: 'Drain' }).click();
  await north.getByLabel('Type north to go on').fill('north');
  await north.getByRole('button', { name: 'Do it' }).click();

  // Its shards move meanwhile; the pages come from the node that is drained.
  const buyer = await visit(browser, link);
  const bought = new Presses();
  {
    const { page } = buyer;
    await bought.on(page.getByRole('button', { name: 'Log in to buy' }));
    await bought.on(page.getByRole('link', { name: 'New here? Make an account' }));
    await page.getByLabel('Name').fill('Bo');
    await page.getByLabel('E-mail').fill('bo@example.com');
    await page.getByLabel('Password').fill(PASSWORD);
    await bought.on(page.getByRole('button', { name: 'Make the account' }));
    await bought.on(page.getByRole('button', { name: /^Buy for €129/ }));
    await page.getByRole('heading', { name: 'It is yours' }).waitFor();
  }
  await north.getByText('Drained', { exact: true }).waitFor();
  await seller.page.getByText('sold', { exact: true }).locator('..').getByText('1').waitFor();
  t.deepEqual([sold.count, bought.count], [SELLER_PRESSES, BUYER_PRESSES]);
  for (const { troubles } of [seller, buyer, operator]) t.deepEqual(troubles, []);
});
