// Every view, wide and narrow, light and dark, through axe (WCAG 2.2 AA), and whether it fits.

import test from 'ava';
import type { AlarmReport } from '../../sdk/api.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { answer, WebhookReceiver } from '../servers/webhook-receiver.ts';
import { check, LOOKS } from './axe.ts';
import { account, operatorAccount, PASSWORD, startShop, visit, visitConsole } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;

interface View {
  readonly path: string;
  /** A text of it. */
  readonly ready: string;
  /** Buttons that open something, one after the other. */
  readonly opens?: readonly string[];
}

run('U4: axe finds nothing on any view, at 320 px and wide, light and dark', async (t) => {
  t.timeout(600_000);
  const server = await startShop(t, 'embedded');
  const creator = await account(server);
  const live = await server.drop(creator, { stock: 40, limitPerUser: 2 });
  const soldOut = await server.drop(creator, { stock: 1 });
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const upcoming = await server.drop(creator, {
    startsAt: later,
    endsAt: new Date(Date.now() + 7_200_000).toISOString(),
  });
  await server.order(soldOut, 'ann', 'k');
  const email = `${server.fresh('reader')}@example.com`;
  const body = { name: 'Reader', email, password: PASSWORD };
  const made = await server.post('/v1/auth/register', { body });
  const { id: reader } = made.json['user'] as { readonly id: string };
  const order = await server.order(live, reader, 'k');
  const held = await server.drop(creator, { payment: 'provider', holdSeconds: 600 });
  const toPay = await server.order(held, reader, 'k');
  await eventually(
    async () => (await server.get('/v1/search?type=drops')).json['items'] as object[],
    ({ length }) => length === 4,
    60_000,
  );
  const views: readonly (readonly [path: string, ready: string])[] = [
    ['/', 'Live now'],
    ['/search', 'Search'],
    ['/search?q=zzzz', 'Nothing was found'],
    [`/creators/${creator}`, 'Mara Lindqvist'],
    [`/drops/${live}`, 'of 40 left'],
    [`/drops/${soldOut}`, 'Sold out'],
    [`/drops/${upcoming}`, 'Starts in'],
    ['/log-in', 'Log in'],
    ['/register', 'Make an account'],
    ['/orders', '1 unit'],
    [`/orders/${String(order.json['id'])}`, 'Yours'],
    [`/drops/${held}`, 'Held for you'],
    [`/orders/${String(toPay.json['id'])}/pay`, 'Nobody pays really here'],
    ['/news', 'Your order is confirmed.'],
    ['/account', 'This device'],
    ['/reset-password', 'Mail me a link'],
  ];
  const browser = await openChromium(t);
  for (const [width, colorScheme] of LOOKS) {
    const { page } = await visit(browser, `${server.urls[0]}/log-in`, {
      viewport: { width, height: 720 },
      colorScheme,
      // For axe alone: the pages themselves run under their policy in the other tests.
      bypassCSP: true,
      reducedMotion: 'reduce',
    });
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await check(t, page, `/log-in as a visitor, ${width}`);
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('link', { name: 'Orders' }).waitFor();
    for (const [path, ready] of views) {
      await page.goto(`${server.urls[0]}${path}`);
      await page.locator('main').getByText(ready).first().waitFor();
      await check(t, page, `${path}, ${width}`);
    }
  }
});

/** An answer to who asks for alarms. */
const ALARMED = {
  json: {
    at: '2026-11-30T10:00:00.000Z',
    watchedSeconds: 60,
    nodes: ['north'],
    alarms: (['page', 'ticket'] as const).map((severity) => ({
      name: severity === 'page' ? 'appends-slow' : 'refunds-parked',
      severity,
      nodes: ['north'],
      value: 0.31,
      limit: 0.2,
      unit: 'seconds',
      runbook: '/docs/guides/operations',
      command: 'livedrops refunds',
    })),
  } satisfies AlarmReport,
};

run('U4: axe finds nothing on any view of the console', async (t) => {
  t.timeout(600_000);
  const server = await startShop(t, 'embedded');
  const drop = await server.drop(await account(server), { stock: 4 });
  await server.order(drop, 'ann', 'k');
  const { email, codes } = await operatorAccount(server);
  const views = [
    ['/console', 'Last moves'],
    ['/console/alarms', 'Looked at again and again'],
    ['/console/upkeep', 'Compare now'],
    ['/console/payments', 'There is no such payment.'],
    ['/console/jobs', 'Jobs'],
    ['/console/jobs/reconcile-orders', 'Failed attempts'],
    ['/console/sellers', 'Another creator'],
    ['/console/ledger', 'Ledger'],
    ['/console/audit', 'Filter'],
    ['/console/caches', 'Hit ratio'],
    ['/console/components', 'PagedList'],
  ] as const;
  const browser = await openChromium(t);
  for (const [index, [width, colorScheme]] of LOOKS.entries()) {
    const login = { email, code: codes[index]! };
    const { page } = await visitConsole(browser, server.urls[0]!, login, {
      viewport: { width, height: 720 },
      colorScheme,
      bypassCSP: true,
      reducedMotion: 'reduce',
    });
    if (index === 1) await page.route('**/v1/operator/alarms', (asked) => asked.fulfill(ALARMED));
    for (const [path, ready] of views) {
      await page.goto(`${server.urls[0]}${path}`);
      await page.locator('main').getByText(ready).first().waitFor();
      await check(t, page, `${path}, ${width}`);
      const action = page.locator('main .console-action button').first();
      if ((await action.count()) === 0) continue;
      await action.click();
      await page.locator('.console-action-open').waitFor();
      await check(t, page, `${path} with an action open, ${width}`);
    }
  }
});

run('U4: axe finds nothing on any view of the studio, and on its states', async (t) => {
  t.timeout(600_000);
  const server = await startShop(t, 'embedded', { LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8' });
  const receiver = await WebhookReceiver.start();
  t.teardown(() => receiver.stop());
  receiver.behave = answer(500, {}, 'no room');
  const made = async (name: string) => {
    const email = `${server.fresh('creator')}@example.com`;
    const body = { name, email, password: PASSWORD };
    const { json } = await server.post('/v1/auth/register', { body });
    return { email, id: (json['user'] as { readonly id: string }).id };
  };
  const [seller, newcomer] = [await made('Mara Lindqvist'), await made('Nina Novak')];
  const live = await server.drop(seller.id, { stock: 40, limitPerUser: 2 });
  await server.order(live, 'ann', 'k');
  const empty = await server.drop(seller.id, { stock: 4 });
  const { productId } = (await server.readDrop(live)) as { readonly productId: string };
  const hook = await server.post('/v1/webhooks', {
    as: seller.id,
    body: { url: `${receiver.url}/hooks`, events: ['order.confirmed'] },
  });
  const hookPath = `/studio/webhooks/${String(hook.json['id'])}`;
  await server.post(`/v1/webhooks/${String(hook.json['id'])}/test`, { as: seller.id });
  const ofNewcomer: readonly View[] = [
    { path: '/studio', ready: 'What do you sell?' },
    { path: '/studio/followers', ready: 'Nobody follows you yet' },
    { path: '/studio/analytics', ready: 'Nothing happened in this time' },
    { path: '/studio/webhooks', ready: 'No webhooks yet', opens: ['New webhook'] },
  ];
  const ofSeller: readonly View[] = [
    { path: '/studio', ready: 'New product', opens: ['New product'] },
    { path: `/studio/products/${productId}`, ready: 'Announce a drop' },
    { path: `/studio/drops/${live}`, ready: 'Orders a second', opens: ['Cancel the drop'] },
    {
      path: `/studio/drops/${live}/orders`,
      ready: 'ann',
      opens: ['Refund every paid order', 'Open: 0'],
    },
    { path: '/studio/analytics', ready: 'Orders sold' },
    { path: `/studio/drops/${live}/analytics`, ready: 'Orders sold' },
    { path: `/studio/drops/${empty}/orders`, ready: 'No orders yet' },
    { path: '/studio/webhooks', ready: receiver.url },
    { path: hookPath, ready: '500 http-5xx', opens: ['Pause', 'New secret', 'Remove'] },
  ];
  const browser = await openChromium(t);
  for (const [width, colorScheme] of LOOKS) {
    for (const [{ email }, views] of [
      [newcomer, ofNewcomer],
      [seller, ofSeller],
    ] as const) {
      const { page } = await visit(browser, `${server.urls[0]}/studio/log-in`, {
        viewport: { width, height: 720 },
        colorScheme,
        bypassCSP: true,
        reducedMotion: 'reduce',
      });
      await page.getByLabel('E-mail').fill(email);
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('heading', { name: 'Your products' }).waitFor();
      for (const { path, ready, opens = [] } of views) {
        await page.goto(`${server.urls[0]}${path}`);
        await page.locator('main').getByText(ready).first().waitFor();
        await check(t, page, `${path}, ${width}`);
        for (const name of opens) {
          await page.getByRole('button', { name, exact: true }).click();
          await check(t, page, `${path}, ${name} open, ${width}`);
        }
      }
      await page.context().close();
    }
  }
});

run('U4: axe finds nothing on what a first visit of an empty server shows', async (t) => {
  t.timeout(600_000);
  const server = await startShop(t, 'embedded');
  const [origin] = server.urls;
  const { page } = await visit(await openChromium(t), origin!, {
    viewport: { width: 320, height: 720 },
    colorScheme: 'dark',
    bypassCSP: true,
    reducedMotion: 'reduce',
  });
  const sample = page.getByRole('button', { name: 'Open a sample shop' });
  await sample.waitFor();
  await check(t, page, 'the empty home page');
  await page.goto(`${origin}/console`);
  await page.getByRole('heading', { name: 'No operator yet?' }).waitFor();
  await check(t, page, 'the log-in of the console');
  await page.goto(origin!);
  await sample.click();
  await page.getByText('Your sample shop is open.').waitFor();
  await page.getByRole('button', { name: /^Buy for/ }).waitFor();
  await check(t, page, 'a drop of the sample shop');
  await page.goto(`${origin}/console`);
  await page.getByText('This account is no operator.').waitFor();
  await check(t, page, 'the console for who is no operator');
});
