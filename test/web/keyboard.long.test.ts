// The pages without a mouse: a purchase, and the studio from the log-in to a refund.

import test from 'ava';
import { eventually } from '../end-to-end/sale-client.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { Keyboard } from './keyboard.ts';
import { PASSWORD, startShop, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;

run(
  'U2, U4: a creator sells and refunds by keyboard alone, and always sees the focus',
  async (t) => {
    t.timeout(600_000);
    const server = await startShop(t, 'embedded');
    const email = `${server.fresh('mara')}@example.com`;
    const body = { name: 'Mara Lindqvist', email, password: PASSWORD };
    await server.post('/v1/auth/register', { body });
    const browser = await openChromium(t);
    const { page, troubles } = await visit(browser, `${server.urls[0]}/studio`);
    const keys = new Keyboard(t, page);
    const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });
    const title = (name: string) => page.getByRole('heading', { name });

    await keys.type(page.getByLabel('E-mail'), email);
    await keys.type(page.getByLabel('Password'), 'not this one');
    await page.keyboard.press('Enter');
    await keys.keeps(page.getByText('do not match an account'));
    await keys.type(page.getByLabel('Password'), PASSWORD);
    await keys.press(button('Log in'));
    await keys.keeps(title('What do you sell?'));
    // The way past the head comes first.
    await page.reload();
    await title('What do you sell?').waitFor();
    await keys.press(page.getByRole('link', { name: 'Skip to the content' }));

    await keys.press(button('New product'));
    await keys.type(page.getByLabel('Name', { exact: true }), 'Aurora runners');
    await keys.type(page.getByLabel('Description'), 'Made once.');
    await keys.press(button('Make the product'));
    await keys.keeps(title('Aurora runners'));
    await keys.type(page.getByLabel('Description'), 'Made once, by hand.');
    await keys.press(button('Save'));
    await page.getByText('Saved').waitFor();
    await keys.keepsWithin(page.locator('form').first());

    await keys.press(page.getByLabel('Sell from now on'), 'Space');
    await keys.type(page.getByLabel('Units'), '3');
    await keys.type(page.getByLabel('Price'), '129');
    await keys.press(button('Announce it'));
    await page.waitForURL(/\/studio\/drops\//);
    await keys.keeps(page.getByText('left', { exact: true }));
    const dropId = page.url().split('/').at(-1)!;
    // The product leads to the sale of its drop as well.
    await page.goBack();
    await keys.keeps(title('Announce a drop'));
    await keys.press(page.locator('.studio-line'));
    await keys.keeps(page.getByText('left', { exact: true }));

    await server.order(dropId, 'ann', 'k');
    await server.order(dropId, 'ben', 'k');
    await page.getByText('left', { exact: true }).locator('..').getByText('1').waitFor();
    await keys.type(page.getByLabel('Units to add'), '7');
    await keys.press(button('Add units'));
    await keys.keeps(page.getByText('left', { exact: true }).locator('..').getByText('8'));
    await keys.press(button('Pause'));
    await button('Resume').waitFor();
    await keys.keepsWithin(page.locator('form'));
    await keys.press(button('Resume'));
    await button('Pause').waitFor();
    await keys.press(button('Cancel the drop'));
    await keys.press(button('Keep it'));
    await keys.keeps(button('Cancel the drop'));
    t.is(await button('Cancel the drop').and(page.locator(':focus')).count(), 1);

    await keys.press(page.getByRole('link', { name: 'All orders, refunds and files' }));
    await keys.keeps(button('Open: 0'));
    // The rows of one buyer take the place of the others, with the button that was pressed.
    await keys.press(button('ann'));
    await keys.keeps(page.getByText('Only ann'));
    await keys.press(button('All buyers again'));
    await keys.keeps(button('ben'));
    // One order is refunded, and leaves the list that shows what is paid.
    await keys.to(page.getByLabel('Status'));
    await page.keyboard.type('Sold');
    await eventually(
      async () => await page.getByLabel('Status').inputValue(),
      (value) => value === 'confirmed',
    );
    await keys.press(button('Open: 0'));
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('heading', { name: /0/ }).waitFor();
    await keys.keepsWithin(dialog);
    await keys.press(dialog.getByRole('button', { name: 'Refund €129.00', exact: true }));
    const sure = dialog.getByRole('button', { name: 'Refund €129.00 for good?' });
    await sure.waitFor();
    t.is(await sure.and(page.locator(':focus')).count(), 1);
    await page.keyboard.press('Enter');
    await dialog.getByText('Refunded: €129.00.').waitFor();
    await keys.keepsWithin(dialog);
    await button('Open: 0').waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await keys.keeps(button('Open: 1'));
    t.like(await server.readDrop(dropId), { sold: 1 });
    t.deepEqual(
      troubles.filter((line) => !/ 40[14] .*\/v1\/(auth\/login|users\/(ann|ben))/.test(line)),
      [],
    );
  },
);

run('U1, U4: a buyer buys by keyboard alone, and always sees the focus', async (t) => {
  t.timeout(600_000);
  const server = await startShop(t, 'embedded');
  const email = `${server.fresh('jonas')}@example.com`;
  const body = { name: 'Jonas Weber', email, password: PASSWORD };
  await server.post('/v1/auth/register', { body });
  const dropId = await server.drop('mara', { stock: 5, limitPerUser: 2 });
  const browser = await openChromium(t);
  const { page, troubles } = await visit(browser, `${server.urls[0]}/drops/${dropId}`);
  const keys = new Keyboard(t, page);
  await keys.press(page.getByRole('button', { name: 'Log in to buy' }));
  await keys.keeps(page.getByLabel('E-mail'));
  await keys.type(page.getByLabel('E-mail'), email);
  await keys.type(page.getByLabel('Password'), PASSWORD);
  await page.keyboard.press('Enter');
  await keys.keeps(page.getByLabel('How many'));
  await keys.to(page.getByLabel('How many'));
  await page.keyboard.press('ArrowDown');
  await keys.press(page.getByRole('button', { name: /^Buy for/ }));
  const yours = page.getByRole('heading', { name: 'It is yours' });
  await keys.keeps(yours);
  t.is(await yours.and(page.locator(':focus')).count(), 1);
  await keys.press(page.getByRole('link', { name: 'See the order' }));
  await keys.keeps(page.getByText('2 units'));
  t.like(await server.readDrop(dropId), { sold: 2 });
  t.deepEqual(
    troubles.filter((line) => !/ 404 .*\/v1\/users\/mara/.test(line)),
    [],
  );
});
