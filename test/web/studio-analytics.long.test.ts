// Analytics in the studio, in a real browser: of all drops, of one, and as files.

import { readFileSync } from 'node:fs';
import test from 'ava';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { PASSWORD, startShop, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;

run(
  'U2, L2: a creator sees what was sold and seen, of all drops and of one, in files too',
  async (t) => {
    t.timeout(600_000);
    const server = await startShop(t, 'embedded');
    const email = `${server.fresh('mara')}@example.com`;
    const body = { name: 'Mara Lindqvist', email, password: PASSWORD };
    const made = await server.post('/v1/auth/register', { body });
    const { id: creator } = made.json['user'] as { readonly id: string };
    const browser = await openChromium(t);
    const { page, troubles } = await visit(
      browser,
      `${server.urls[0]}/studio/log-in?next=/studio/analytics`,
    );
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Nothing happened in this time' }).waitFor();
    await page.getByText('No drops yet.').waitFor();

    const terms = { stock: 2, unitAmount: 10_000, currency: 'EUR' };
    const [dropId, otherId] = [
      await server.drop(creator, terms),
      await server.drop(creator, { ...terms, stock: 9 }),
    ];
    for (const user of ['ann', 'ben', 'cat']) await server.order(dropId, user, 'k', 1);
    await server.order(otherId, 'ann', 'k', 1);
    const sold = await eventually(
      async () =>
        (await server.get(`/v1/creators/${creator}/analytics`, { as: creator })).json['total'],
      (total) => (total as { readonly orders: number }).orders === 3,
    );
    t.like(sold, { units: 3 });

    await page.reload();
    const figure = (name: string) =>
      page.getByRole('term').filter({ hasText: name }).locator('xpath=following-sibling::dd[1]');
    await figure('Orders sold').filter({ hasText: /^3$/ }).waitFor();
    await figure('Revenue').filter({ hasText: '€300.00' }).waitFor();
    const chart = page.getByRole('figure').filter({ hasText: 'Revenue in EUR' });
    await chart.locator('canvas').waitFor();
    await chart.getByText('As a table').click();
    await chart.getByRole('cell', { name: '€300.00' }).waitFor();
    for (const [format, isRight] of [
      ['CSV', (text: string) => text.includes('revenue.EUR')],
      ['NDJSON', (text: string) => text.includes('"currency":"EUR"')],
      ['Parquet', (text: string) => text.startsWith('PAR1')],
    ] as const) {
      const coming = page.waitForEvent('download');
      await page.getByRole('button', { name: format, exact: true }).click();
      const file = await coming;
      t.is(file.suggestedFilename(), `${creator}-minute.${format.toLowerCase()}`);
      t.true(isRight(readFileSync(await file.path(), 'latin1')), format);
    }
    await page.getByLabel('Time').selectOption('The last week');
    await figure('Orders sold').filter({ hasText: /^3$/ }).waitFor();

    await page.getByRole('link', { name: /2 of 2 sold/ }).click();
    await page.getByRole('heading', { name: 'Analytics: Lamp' }).waitFor();
    await figure('Orders sold').filter({ hasText: /^2$/ }).waitFor();
    const refused = page.getByRole('figure').filter({ hasText: 'Refused' });
    await refused.getByText('sold out').first().waitFor();
    await page.getByLabel('Time').selectOption('The first two minutes');
    await figure('Orders sold').filter({ hasText: /^2$/ }).waitFor();
    t.deepEqual(troubles, []);
  },
);
