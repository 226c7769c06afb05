// The states of the storefront that no address leads to, through axe: phases of drops and of an
// order, refusals, and answers that are lost. What the network does to whole views is in
// `accessibility-network.long.test.ts`.

import test from 'ava';
import type { Page } from 'playwright-core';
import { eventually } from '../end-to-end/sale-client.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { check, LOOKS } from './axe.ts';
import { logIn } from './buyer-page.ts';
import { account, PASSWORD, startShop, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;
const ORDERS = '**/orders';

run('U4: axe finds nothing on any state of the storefront', async (t) => {
  t.timeout(900_000);
  const server = await startShop(t, 'embedded');
  const [url = ''] = server.urls;
  const browser = await openChromium(t);
  const looks = [];
  for (const [width, colorScheme] of LOOKS) {
    const viewport = { width, height: 720 };
    const options = { viewport, colorScheme, bypassCSP: true, reducedMotion: 'reduce' } as const;
    const { page } = await visit(browser, `${url}/`, options);
    await page.getByText('No drops yet').waitFor();
    await check(t, page, `no drops, ${width}`);
    looks.push({ page, width });
  }

  const creator = await account(server);
  const live = await server.drop(creator, { stock: 40, limitPerUser: 2 });
  const low = await server.drop(creator, { stock: 10, limitPerUser: 5 });
  const held = await server.drop(creator, { stock: 1, payment: 'provider', holdSeconds: 600 });
  const paused = await server.drop(creator, { stock: 5 });
  const ended = await server.drop(creator, { stock: 5 });
  const cancelled = await server.drop(creator, { stock: 5 });
  const passOnly = await server.drop(creator, { stock: 5, access: 'pass' });
  await server.order(low, 'ann', 'k', 5);
  await server.order(low, 'ben', 'k', 4);
  await server.order(held, 'ann', 'k');
  await server.post(`/v1/drops/${paused}/pause`, { as: creator });
  await server.post(`/v1/drops/${cancelled}/cancel`, { as: creator });
  await server.soon(ended, creator, 'endsAt');
  await eventually(
    async () => (await server.readDrop(ended))['status'],
    (status) => status === 'ended',
  );
  await eventually(
    async () => (await server.get('/v1/search?type=drops')).json['items'] as object[],
    ({ length }) => length === 7,
    60_000,
  );
  const { productId } = (await server.readDrop(live)) as { readonly productId: string };

  for (const { page, width } of looks) {
    const email = `${server.fresh('reader')}@example.com`;
    const body = { name: 'Reader', email, password: PASSWORD };
    const made = await server.post('/v1/auth/register', { body });
    const { id: reader } = made.json['user'] as { readonly id: string };
    const at = (text: string | RegExp) => page.locator('main').getByText(text).first().waitFor();
    const see = async (path: string, text: string | RegExp): Promise<void> => {
      await page.goto(`${url}${path}`);
      await at(text);
      await check(t, page, `${path}, ${width}: ${String(text)}`);
    };
    await see('/log-in', 'Log in');
    await logIn(page, 'nobody@example.com');
    await at('do not match an account');
    await check(t, page, `a wrong password, ${width}`);
    await see(`/drops/${passOnly}`, 'Your pass');
    await see('/confirm-email#token=old', 'not valid any more');
    await see('/drops/d_00000000000000000000', 'Try again');
    // No address of the server's: a link within the pages leads there.
    await page.evaluate(`history.pushState(null, '', '/nowhere');
      dispatchEvent(new PopStateEvent('popstate'))`);
    await at('There is nothing here');
    await check(t, page, `nothing, ${width}`);

    await page.goto(`${url}/log-in`);
    await logIn(page, email);
    await page.getByRole('link', { name: 'Orders' }).waitFor();
    await see('/orders', 'No orders yet');
    await see('/news', 'No news');
    await see(`/products/${productId}`, 'Live');
    await see(`/drops/${low}`, 'Almost gone');
    await see(`/drops/${held}`, 'is being paid for');
    await see(`/drops/${paused}`, 'has paused');
    await see(`/drops/${ended}`, 'This drop is over');
    await see(`/drops/${cancelled}`, 'has cancelled');
    await server.post(`/v1/creators/${creator}/follow`, { as: reader });
    await see('/', 'Creators you follow');
    await see('/search?q=lamp', /result/);

    await page.goto(`${url}/drops/${low}`);
    await page.getByLabel('How many').selectOption('5');
    await buy(page);
    await at('There are not that many left');
    await check(t, page, `refused, ${width}`);

    // All tries are over, and the server may have done it.
    await page.goto(`${url}/drops/${low}`);
    await page.route(ORDERS, (route) =>
      route.request().method() === 'POST' ? route.abort() : route.continue(),
    );
    await buy(page);
    await at('No answer yet');
    await check(t, page, `unsure, ${width}`);
    await page.unrouteAll({ behavior: 'ignoreErrors' });

    await page.goto(`${url}/drops/${live}`);
    await page.route(ORDERS, (route) =>
      route.request().method() === 'POST' ? undefined : route.continue(),
    );
    await buy(page);
    await at('Asking for your unit');
    await check(t, page, `asking, ${width}`);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.reload();
    await page.getByRole('heading', { name: 'It is yours' }).waitFor();
    await check(t, page, `yours, ${width}`);

    const toPay = await server.drop(creator, { payment: 'provider', holdSeconds: 600 });
    const order = await server.order(toPay, reader, 'k');
    await page.goto(`${url}/orders/${String(order.json['id'])}/pay`);
    await page.getByRole('button', { name: 'Have it declined' }).click();
    await at('The payment was declined');
    await check(t, page, `declined, ${width}`);
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.getByRole('heading', { name: 'It is yours' }).waitFor();
    await check(t, page, `paid, ${width}`);

    await page.goto(`${url}/drops/${live}`);
    await at('of 40 left');
    await server.call('DELETE', '/v1/account/sessions', { as: reader });
    await page.getByText('your session has ended').waitFor();
    await check(t, page, `a session that ended, ${width}`);
  }
});

async function buy(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Buy for/ }).click();
}
