// The pages of the documentation in a real browser: they load under their policy, send requests
// with a token, and fit narrow screens.

import ava, { type TestFn } from 'ava';
import type { Locator, Page } from 'playwright-core';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { chromiumInstalled, openChromium, openPage } from '../servers/chromium.ts';

const test = (chromiumInstalled ? ava : ava.skip) as TestFn;

const PAGES = [
  '/docs',
  '/docs/rest',
  '/docs/graphql',
  '/docs/live',
  ...['graphql', 'live', 'changes', 'webhooks', 'sdk', 'selling', 'own-users'].map(
    (id) => `/docs/guides/${id}`,
  ),
];
/** What is there once scripts have run. */
const SHOWN = new Map([
  ['/docs/rest', '.swagger-ui .opblock-tag'],
  ['/docs/graphql', '.graphiql-query-editor .CodeMirror'],
]);
const NARROW = { width: 320, height: 640 };

let server: SaleServer;
test.before(async () => {
  server = await SaleServer.start('embedded');
});
test.after.always(() => server?.stop());

/** Resolves when the page shows what it is for. */
async function open(page: Page, path: string): Promise<void> {
  await page.goto(server.urls[0]! + path);
  await page.waitForSelector(SHOWN.get(path) ?? 'main h1');
}

/** Opens what the page says of GET /v1/users/me. */
async function openOperation(page: Page): Promise<Locator> {
  await page.locator('#operations-tag-accounts').click();
  const operation = page.locator('#operations-accounts-getUsersMe');
  await operation.locator('.opblock-summary-control').click();
  await operation.locator('.responses-table').waitFor();
  return operation;
}

test('G5: each page of the documentation loads from one origin, within its policy', async (t) => {
  const browser = await openChromium(t);
  const { page, troubles, origins } = await openPage(browser);
  for (const path of PAGES) {
    await open(page, path);
    t.deepEqual(troubles, [], path);
    t.is(await page.locator('nav a[aria-current]').count(), 1, path);
  }
  t.deepEqual([...origins], [server.urls[0]!]);
});

test('G5: /docs/rest sends a request with a token, and shows its answer', async (t) => {
  const { session, id } = await server.register('Ada');
  const browser = await openChromium(t);
  const { page, troubles } = await openPage(browser);
  await open(page, '/docs/rest');
  await page.getByRole('button', { name: 'Authorize' }).click();
  const token = page.locator('.auth-container', { hasText: 'token (http' });
  await token.locator('input').fill(String(session['accessToken']));
  await token.getByRole('button', { name: 'Apply credentials' }).click();
  await token.getByRole('button', { name: 'Close' }).click();

  const operation = await openOperation(page);
  await operation.getByRole('button', { name: 'Try it out' }).click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  const answer = operation.locator('.live-responses-table .response');
  await answer.waitFor();
  t.regex(await answer.locator('.response-col_status').innerText(), /^200/);
  t.regex(await answer.locator('.highlight-code').first().innerText(), new RegExp(id));
  t.deepEqual(troubles, []);
});

test('G5: the pages fit a screen of 320 pixels, and follow its colours', async (t) => {
  const browser = await openChromium(t);
  const { page, troubles } = await openPage(browser, { viewport: NARROW, colorScheme: 'dark' });
  for (const path of PAGES) {
    await open(page, path);
    if (path === '/docs/rest') await openOperation(page);
    const width = await page.evaluate(
      'Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)',
    );
    t.is(width, NARROW.width, `${path} is wider than the screen`);
    const background = await page.evaluate(
      'getComputedStyle(document.documentElement).backgroundColor',
    );
    t.is(background, 'rgb(28, 32, 34)', path);
  }
  t.deepEqual(troubles, []);
});
