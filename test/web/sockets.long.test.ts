// How many WebSockets a tab has, and what becomes of them when the session ends.

import test from 'ava';
import type { Page, WebSocket } from 'playwright-core';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { account, PASSWORD, startShop, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;
const USERS = '/v1/notifications';

/** The paths of the sockets that are open. */
function openSockets(page: Page): () => string[] {
  const open = new Set<WebSocket>();
  page.on('websocket', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  return () => [...open].map((socket) => new URL(socket.url()).pathname).toSorted();
}

run('U1: a user has one socket for all; whose session ends is told, and watches on', async (t) => {
  t.timeout(400_000);
  const server = await startShop(t, 'embedded');
  const creator = await account(server);
  const drops = await Promise.all(
    Array.from({ length: 3 }, () => server.drop(creator, { stock: 40 })),
  );
  const [dropId = ''] = drops;
  await eventually(
    async () => (await server.get('/v1/search?type=drops')).json['items'] as object[],
    ({ length }) => length === drops.length,
    60_000,
  );
  const email = `${server.fresh('reader')}@example.com`;
  const body = { name: 'Reader', email, password: PASSWORD };
  await server.post('/v1/auth/register', { body });
  const { page, troubles } = await visit(await openChromium(t), 'about:blank');
  const sockets = openSockets(page);
  const haveSockets = async (expected: readonly string[]): Promise<void> => {
    const wanted = expected.toSorted();
    t.deepEqual(await eventually(async () => sockets(), sameAs(wanted)), wanted);
  };

  // A visitor's stream has one drop.
  await page.goto(`${server.urls[0]}/`);
  await page.getByText('40 of 40 left').nth(2).waitFor();
  await haveSockets(drops.map((id) => `/v1/drops/${id}/live`));

  await page.getByRole('link', { name: 'Log in' }).click();
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('40 of 40 left').nth(2).waitFor();
  await haveSockets([USERS]);
  await server.order(drops[1]!, 'ann', 'k');
  await page.getByText('39 of 40 left').waitFor();

  await page.locator(`a[href='/drops/${dropId}']`).click();
  await page.getByRole('button', { name: /^Buy for/ }).waitFor();
  await server.order(dropId, 'ann', 'k');
  await page.getByText('39', { exact: true }).waitFor();
  await haveSockets([USERS]);

  // Logged out elsewhere.
  const item = `livedrops:session:${server.urls[0]}`;
  const kept = `localStorage.getItem(${JSON.stringify(item)})`;
  const session = JSON.parse(String(await page.evaluate(kept))) as { refreshToken: string };
  await server.post('/v1/auth/logout', { body: { refreshToken: session.refreshToken } });
  await page.getByRole('alert').getByText('your session has ended').waitFor();
  await page.getByRole('button', { name: 'Log in to buy' }).waitFor();
  t.is(await page.evaluate(kept), null);
  await haveSockets([`/v1/drops/${dropId}/live`]);
  await server.order(dropId, 'ben', 'k');
  await page.getByText('38', { exact: true }).waitFor();

  // Back by the link, and one's own log-out needs no word.
  await page.getByRole('alert').getByRole('link', { name: 'Log in' }).click();
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(`${server.urls[0]}/drops/${dropId}`);
  await page.getByRole('button', { name: /^Buy for/ }).waitFor();
  await haveSockets([USERS]);
  await page.getByRole('link', { name: 'Account' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByText('39 of 40 left').waitFor();
  t.is(await page.getByRole('alert').count(), 0);
  // The refusal to renew the session that ended.
  t.deepEqual(
    troubles.filter((trouble) => !trouble.includes('/v1/auth/refresh')),
    [],
  );
});

function sameAs(wanted: readonly string[]): (found: readonly string[]) => boolean {
  return (found) => found.join() === wanted.join();
}
