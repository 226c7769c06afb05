// The client in a real browser against a real server: tabs, reloads, being offline.

import ava from 'ava';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type * as Client from '../../sdk/client.ts';
import type * as Live from '../../sdk/live.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { type BuiltPackage, buildPackage } from './built-package.ts';
import { FaultProxy } from './fault-proxy.ts';
import { chromiumInstalled, openBrowser, openPage, servePages } from './pages.ts';

const test = chromiumInstalled ? ava.serial : ava.skip;

/** What the scripts of the pages have. */
interface PageScope {
  readonly api: typeof Client & typeof Live;
  client: Client.LiveDrops;
  stream: Live.LiveStream;
  ids: string[];
}

const REFRESH_MS = 1_500;

let server: SaleServer;
let browser: Browser;
let built: BuiltPackage;
let pages: Awaited<ReturnType<typeof servePages>>;

ava.before(async () => {
  if (!chromiumInstalled) return;
  built = buildPackage();
  pages = await servePages({ client: join(built.packageDirectory, 'dist') });
  server = await SaleServer.start('embedded', { LIVEDROPS_CORS_ORIGINS: pages.origin });
  browser = await openBrowser();
});
ava.after.always(async () => {
  await browser?.close();
  await server?.stop();
  pages?.close();
  built?.remove();
});

/** Loads the modules of the package and makes `client`. */
async function prepare(page: Page, url: string, token?: string): Promise<void> {
  await page.evaluate(
    async (options) => {
      const scope = globalThis as unknown as PageScope;
      const modules = await Promise.all(
        ['/client/client.js', '/client/live.js'].map((path) => import(path) as Promise<object>),
      );
      const api = Object.assign({}, ...modules) as PageScope['api'];
      const { token: given, ...rest } = options;
      const client = new api.LiveDrops({ ...rest, ...(given !== undefined && { token: given }) });
      Object.assign(scope, { api, client });
    },
    { url, token },
  );
}

test('G4: two tabs share one refresh, and a log-out', async (t) => {
  const { context, page } = await openPage(t, browser, `${pages.origin}/`);
  const other = await context.newPage();
  await other.goto(`${pages.origin}/`);
  const tabs = [page, other];
  let refreshes = 0;
  context.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/auth/refresh')) refreshes += 1;
  });
  // Slow enough that both tabs want it before either has it.
  await context.route('**/auth/refresh', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
    await route.continue();
  });
  for (const tab of tabs) await prepare(tab, server.urls[0]!);
  const email = `${server.fresh('person')}@example.com`;
  await page.evaluate(async (address) => {
    const { client } = globalThis as unknown as PageScope;
    await client.register({ email: address, password: 'correct horse', name: 'Bo' });
    // The access token is over, by this device's clock.
    const item = `livedrops:session:${client.url}`;
    const kept = { ...client.session.current, expiresAt: 0 };
    (globalThis as unknown as { localStorage: Storage }).localStorage.setItem(
      item,
      JSON.stringify(kept),
    );
  }, email);
  const me = () =>
    Promise.all(
      tabs.map((tab) =>
        tab.evaluate(async () => {
          const { client } = globalThis as unknown as PageScope;
          const calls = [1, 2, 3].map(() => client.call('GET /v1/users/me'));
          return (await Promise.all(calls)).map((profile) => profile.email);
        }),
      ),
    );
  const three = [email, email, email];
  t.deepEqual(await me(), [three, three]);
  t.is(refreshes, 1);
  const told = other.evaluate(
    () =>
      new Promise((resolve) => {
        (globalThis as unknown as PageScope).client.session.onChange(resolve);
      }),
  );
  await page.evaluate(() => (globalThis as unknown as PageScope).client.logOut());
  t.is(await told, null);
});

test('G4: a reload in mid-press goes on with the same key: one order', async (t) => {
  const { page } = await openPage(t, browser, `${pages.origin}/`);
  const userId = server.fresh('buyer');
  const token = server.token(userId);
  const dropId = await server.drop(server.fresh('seller'));
  await prepare(page, server.urls[0]!, token);
  const keys: (string | undefined)[] = [];
  const isOrder = (url: URL): boolean => url.pathname.endsWith('/orders');
  const pressed = new Promise<void>((resolve) => {
    // The server has the order, and the page never hears of it.
    void page.route(
      isOrder,
      async (route) => {
        keys.push(route.request().headers()['idempotency-key']);
        await route.fetch();
        resolve();
      },
      { times: 1 },
    );
  });
  await page.evaluate((id) => {
    void (globalThis as unknown as PageScope).client.placeOrder(id, { quantity: 1 });
  }, dropId);
  await pressed;
  await page.reload();
  page.on('request', (request) => {
    if (isOrder(new URL(request.url())) && request.method() === 'POST')
      keys.push(request.headers()['idempotency-key']);
  });
  await prepare(page, server.urls[0]!, token);
  const resumed = await page.evaluate(async () => {
    const { client } = globalThis as unknown as PageScope;
    const pending = await client.pending();
    const orders = await Promise.all(pending.map((intent) => client.resume(intent)));
    return { orders, left: await client.pending() };
  });
  t.like(resumed, { orders: [{ dropId, userId }], left: [] });
  t.is(keys.length, 2);
  t.is(keys[0], keys[1]);
  const { sold } = await server.readDrop(dropId);
  t.is(sold, 1);
});

test('G4: online again, and looked at again, a stream returns at once', async (t) => {
  const proxy = await FaultProxy.start(t, server.urls[0]!);
  const { context, page } = await openPage(t, browser, `${pages.origin}/`);
  const userId = server.fresh('buyer');
  const dropId = await server.drop(server.fresh('seller'));
  await prepare(page, proxy.url, server.token(userId));
  // Left alone it would wait for hours.
  await page.evaluate(() => {
    const scope = globalThis as unknown as PageScope;
    const { api, client } = scope;
    scope.ids = [];
    const timing = { firstWaitMs: 1e8, maxWaitMs: 1e8 };
    const onNotification: Live.LiveStreamOptions['onNotification'] = ({ id }) => scope.ids.push(id);
    scope.stream = new api.LiveStream({ client, after: '0', timing, onNotification });
  });
  const state = (wanted: string) =>
    page.waitForFunction(
      (name) => (globalThis as unknown as PageScope).stream.state === name,
      wanted,
    );
  await state('open');
  await context.setOffline(true);
  proxy.cutAll();
  await state('waiting');
  await server.order(dropId, userId, 'away');
  await context.setOffline(false);
  await state('open');
  await page.waitForFunction(() => (globalThis as unknown as PageScope).ids.length === 1);
  proxy.cutAll();
  await state('waiting');
  await page.evaluate(() => {
    const { document } = globalThis as unknown as { document: EventTarget };
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await state('open');
  t.pass();
});
