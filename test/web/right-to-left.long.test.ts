// Pages that run from right to left, with longer texts than those of any language they have: in a
// trial of a language, made from English by code (`web/shared/trial.ts`).

import test, { type ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import type { LiveDrops } from '../../sdk/client.ts';
import { smallShop } from '../../scripts/screenshots/small-shop.ts';
import { viewsOf } from '../../scripts/screenshots/views.ts';
import { Warehouse } from '../../scripts/screenshots/warehouse.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { AUTH_SECRET, eventually } from '../end-to-end/sale-client.ts';
import { chromiumInstalled, openChromium, openPage } from '../servers/chromium.ts';
import { layoutFaults } from './layout-faults.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;
const LANGUAGE = 'ar-XB';
const HEIGHT = 800;
/** For a machine that is busy with other tests. */
const SHOWN_MAX_MS = 60_000;
/** A turn after the data is there, so that effects have drawn, too. */
const READY = `new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(
  document.querySelector('main')?.innerText.trim().length > 0 &&
  document.querySelector('[aria-busy=true]') === null
))))`;
/** Of the studio and the console, some: what they are made of is the same in all of theirs. */
const OTHERS = ['studio/drop-live', 'console/cluster', 'console/job', 'console/ledger'];

/** Under the policy of the pages nothing may be evaluated in them again and again by itself. */
async function isThere(t: ExecutionContext, page: Page): Promise<void> {
  const isReady = await eventually(
    async () => Boolean(await page.evaluate(READY)),
    (is) => is,
    SHOWN_MAX_MS,
  );
  t.true(isReady, page.url());
}

run('U4: from right to left, with longer texts, all views fit at 320 and 1,280 px', async (t) => {
  t.timeout(600_000);
  const server = await SaleServer.start('embedded', {
    LIVEDROPS_ROLES: 'gateway,actors,services,search,media',
    LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
  });
  t.teardown(() => server.stop());
  const [url = ''] = server.urls;
  const warehouse = await Warehouse.start();
  t.teardown(() => warehouse.stop());
  const shop = await smallShop(url, { authSecret: AUTH_SECRET, hookUrl: warehouse.url });
  const views = viewsOf(shop).filter(
    ({ name }) => name.startsWith('storefront/') || OTHERS.includes(name),
  );
  t.true(views.length > 20);
  const browser = await openChromium(t);
  for (const width of [320, 1_280]) {
    for (const [viewer, own] of Map.groupBy(views, ({ as }) => as)) {
      const client: LiveDrops | undefined =
        viewer === 'visitor' || viewer === 'newcomer' ? undefined : shop[viewer];
      const session = JSON.stringify(client?.session.current ?? null);
      const localStorage = [{ name: `livedrops:session:${url}`, value: session }];
      const { page, troubles } = await openPage(browser, {
        viewport: { width, height: HEIGHT },
        reducedMotion: 'reduce',
        storageState: { cookies: [], origins: [{ origin: url, localStorage }] },
      });
      for (const view of own) {
        await page.goto(`${url}${view.path}${view.path.includes('?') ? '&' : '?'}lang=${LANGUAGE}`);
        await isThere(t, page);
        const name = `${view.name} at ${width} px`;
        t.is(await page.evaluate('getComputedStyle(document.body).direction'), 'rtl', name);
        t.regex(await page.locator('main').innerText(), /\u202e/, name);
        t.deepEqual(await layoutFaults(page), [], name);
      }
      t.deepEqual(troubles, []);
      await page.context().close();
    }
  }
});
