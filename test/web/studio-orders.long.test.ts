// Orders in the studio, in a real browser: found, chosen, refunded together and in part, and as
// files.

import { readFileSync } from 'node:fs';
import test from 'ava';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { PASSWORD, startShop, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;
const ORDERS = 6;

run(
  'U2, O15: orders are found, refunded together with a result for each, and in part',
  async (t) => {
    t.timeout(600_000);
    const server = await startShop(t, 'embedded');
    const made = async (name: string) => {
      const body = { name, email: `${server.fresh('user')}@example.com`, password: PASSWORD };
      const { json } = await server.post('/v1/auth/register', { body });
      return { email: body.email, id: (json['user'] as { readonly id: string }).id };
    };
    const [creator, fan] = [await made('Mara Lindqvist'), await made('Ann Ode')];
    const dropId = await server.drop(creator.id, {
      stock: 40,
      unitAmount: 10_000,
      currency: 'EUR',
      limitPerUser: 3,
    });
    for (let i = 0; i < ORDERS - 1; i++) await server.order(dropId, `buyer${i}`, 'k', 1);
    await server.order(dropId, fan.id, 'k', 3);
    const browser = await openChromium(t);
    const { page, troubles } = await visit(
      browser,
      `${server.urls[0]}/studio/log-in?next=/studio/drops/${dropId}/orders`,
    );
    await page.getByLabel('E-mail').fill(creator.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();

    // The buyer's name is known where there is an account; others have their id.
    const rows = page.getByRole('region', { name: 'Orders' }).locator('tbody tr');
    await rows.filter({ hasText: 'Ann Ode' }).waitFor();
    t.is(await rows.count(), ORDERS);
    const search = page.getByLabel('Search the list');
    await search.fill('ann ode');
    await page.getByText(`Searched in the ${ORDERS} newest orders.`).waitFor();
    t.is(await rows.count(), 1);
    await search.fill('#2');
    t.is(await rows.count(), 1);
    await rows.filter({ hasText: 'buyer2' }).waitFor();
    await search.fill('');
    await page.getByRole('button', { name: 'buyer3' }).click();
    await page.getByText('Only buyer3').waitFor();
    await rows.nth(1).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'All buyers again' }).click();

    for (const number of [0, 1]) await page.getByLabel(`Choose order #${number}`).check();
    await page.getByText('2 orders chosen, €200.00').waitFor();
    await page.getByRole('button', { name: 'Refund the chosen' }).click();
    const go = page.getByRole('button', { name: 'Refund', exact: true });
    t.true(await go.isDisabled());
    await page.getByLabel('Reason, shown to the buyers').fill('They were broken.');
    await page.getByLabel('Put their units on sale again').uncheck();
    await page.getByLabel(/^€200.00 go back for 2 orders/).fill('2');
    await go.click();
    await page.getByText('2 orders refunded.').waitFor();
    const results = page.getByRole('region', { name: 'Result' }).locator('tbody tr');
    t.is(await results.filter({ hasText: 'Refunded' }).count(), 2);
    await page.getByRole('button', { name: 'Close' }).click();
    await rows.filter({ hasText: 'Refunded' }).nth(1).waitFor();
    t.like(await server.readDrop(dropId), { stocked: 38, sold: ORDERS });

    await page.getByRole('button', { name: `Open: ${ORDERS - 1}` }).click();
    const one = page.getByRole('dialog');
    await one.getByLabel('Amount (EUR)').fill('300.01');
    await one.getByText('or more than is left').waitFor();
    await one.getByLabel('Amount (EUR)').fill('99,50');
    await one.getByLabel('Units that come back').fill('1');
    await one.getByRole('button', { name: 'Refund €99.50', exact: true }).click();
    await one.getByRole('button', { name: 'Refund €99.50 for good?' }).click();
    await one.getByText('Refunded: €99.50.').waitFor();
    await one.getByText('€200.50', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await rows.filter({ hasText: '€99.50 refunded' }).waitFor();
    t.like(await server.readDrop(dropId), { stocked: 38, sold: ORDERS - 1 });

    for (const [format, line] of [
      ['CSV', /^id,/],
      ['NDJSON', /"kind":"export"/],
    ] as const) {
      const coming = page.waitForEvent('download');
      await page.getByRole('button', { name: format, exact: true }).click();
      const file = await coming;
      t.is(file.suggestedFilename(), `${dropId}.${format.toLowerCase()}`);
      const text = readFileSync(await file.path(), 'utf8');
      t.regex(text, line);
      t.is(text.trim().split('\n').length, ORDERS + 1);
    }

    await page.getByRole('button', { name: 'Refund every paid order' }).click();
    await page.getByLabel(/^Every order that is paid/).fill('Lamp');
    await go.click();
    await page.getByText(`${ORDERS - 2} orders refunded.`).waitFor();
    t.like(await server.readDrop(dropId), { sold: 0 });
    // Users of the creator's own system have no profile here.
    t.deepEqual(
      troubles.filter((line) => !/ 404 .*\/v1\/users\/buyer/.test(line)),
      [],
    );
  },
);
