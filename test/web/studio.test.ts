// The studio in a real browser: from nothing to a drop that a second browser buys.

import test from 'ava';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { PASSWORD, register, startShop, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;

/** As an input for a local time takes it; the browser runs in UTC here. */
const local = (ms: number): string => new Date(Date.now() + ms).toISOString().slice(0, 19);

run(
  'U2: a creator makes a product, announces a drop, sees it sell, refunds, and cancels',
  async (t) => {
    t.timeout(600_000);
    const server = await startShop(t, 'embedded');
    const [origin] = server.urls;
    const browser = await openChromium(t);
    const creator = await visit(browser, `${origin}/`, { timezoneId: 'UTC' });
    const { page } = creator;
    await page.getByRole('main').getByRole('link', { name: 'Sell here' }).click();
    await page.getByLabel('Name').fill('Mara Lindqvist');
    await page.getByLabel('E-mail').fill('mara@example.com');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByRole('heading', { name: 'What do you sell?' }).waitFor();

    await page.getByRole('button', { name: 'New product' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Aurora runners');
    await page.getByLabel('Description').fill('Made once.');
    await page.getByRole('button', { name: 'Make the product' }).click();
    await page.getByRole('heading', { name: 'Aurora runners' }).waitFor();

    await page.getByLabel('Starts').fill(local(-60_000));
    await page.getByText('The start is in the past.').waitFor();
    await page.getByLabel('Starts').fill(local(1_800_000));
    await page.getByLabel('Ends').fill(local(3_600_000));
    await page.getByLabel('Units').fill('3');
    await page.getByLabel('Price').fill('12.345');
    await page.getByText('This is no price, or has more digits than the currency.').waitFor();
    await page.getByLabel('Price').fill('129,00');
    await page.getByText('3 units at €129.00').waitFor();
    await page.getByText('The product has no picture').waitFor();
    await page.getByLabel('Also shown in').selectOption('Asia/Tokyo');
    await page
      .getByText(/GMT\+9$/)
      .first()
      .waitFor();
    const preview = page.getByRole('region', { name: 'What buyers will see' });
    await preview.getByText('Opens at the start').waitFor();
    await page.getByLabel('Sell from now on').check();
    await preview.getByText('Buy for €129.00').waitFor();
    await page.getByRole('button', { name: 'Announce it' }).click();
    await page.waitForURL(/\/studio\/drops\//);
    const dropId = page.url().split('/').at(-1)!;

    const buyer = await visit(browser, `${origin}/drops/${dropId}`);
    await buyer.page.getByRole('button', { name: 'Log in to buy' }).waitFor();
    await buyer.page.getByRole('button', { name: 'Log in to buy' }).click();
    await register(buyer);
    await buyer.page.getByRole('button', { name: /^Buy for/ }).click();
    await buyer.page.getByRole('heading', { name: 'It is yours' }).waitFor();

    // What the creator sees came by itself.
    await page.getByText('left', { exact: true }).locator('..').getByText('2').waitFor();
    await page.getByRole('cell', { name: '€129.00' }).waitFor();
    await page.getByRole('img', { name: /^Units\. sold: 1, being paid: 0$/ }).waitFor();
    const orders = page.getByRole('figure').filter({ hasText: 'Orders a second' });
    await orders.locator('canvas').waitFor();
    await orders.getByText('As a table').click();
    await orders.getByRole('columnheader', { name: 'Placed' }).waitFor();
    await orders.getByRole('cell').first().waitFor();
    await page.getByRole('link', { name: 'All orders, refunds and files' }).click();
    await page.getByRole('button', { name: 'Open: 0' }).click();
    const refund = page.getByRole('dialog');
    await refund.getByRole('button', { name: 'Refund €129.00', exact: true }).click();
    await refund.getByRole('button', { name: 'Refund €129.00 for good?' }).click();
    await refund.getByText('Refunded: €129.00.').waitFor();
    await refund.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('cell', { name: 'Refunded' }).waitFor();
    await page.getByRole('link', { name: 'Back to the sale' }).click();
    await buyer.page.getByText('Refunded: €129.00.').waitFor();

    await page.getByLabel('Units to add').fill('7');
    await page.getByRole('button', { name: 'Add units' }).click();
    await buyer.page.getByText('of 10 left').waitFor();

    await page.getByRole('button', { name: 'Cancel the drop' }).click();
    const go = page.getByRole('button', { name: 'Cancel and refund everything' });
    t.true(await go.isDisabled());
    await page.getByLabel(/Type Aurora runners/).fill('Aurora runners');
    await go.click();
    await buyer.page.getByText('The creator has cancelled this drop.').first().waitFor();
    t.like((await server.get(`/v1/drops/${dropId}`)).json, { status: 'cancelled' });
    for (const { troubles } of [creator, buyer]) t.deepEqual(troubles, []);
  },
);
