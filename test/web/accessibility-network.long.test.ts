// What the network does to every view, through axe: data that are late, data that cannot be read,
// and a device that is offline.

import test from 'ava';
import type { LiveDrops } from '../../sdk/client.ts';
import { endView, openView } from '../../scripts/screenshots/open-view.ts';
import { smallShop } from '../../scripts/screenshots/small-shop.ts';
import { statesOf, viewsOf } from '../../scripts/screenshots/views.ts';
import { Warehouse } from '../../scripts/screenshots/warehouse.ts';
import { AUTH_SECRET } from '../end-to-end/sale-client.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { chromiumInstalled, openChromium, openPage } from '../servers/chromium.ts';
import { faultsOf, LOOKS } from './axe.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;

run('U4: axe finds nothing on any view that waits, fails or is offline', async (t) => {
  t.timeout(900_000);
  const server = await SaleServer.start('embedded', {
    LIVEDROPS_ROLES: 'gateway,actors,services,search,media',
    LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
  });
  t.teardown(() => server.stop());
  const [url = ''] = server.urls;
  const warehouse = await Warehouse.start();
  t.teardown(() => warehouse.stop());
  const shop = await smallShop(url, { authSecret: AUTH_SECRET, hookUrl: warehouse.url });
  const states = statesOf(viewsOf(shop));
  const browser = await openChromium(t);
  const found: object[] = [];
  for (const [index, [width, colorScheme]] of LOOKS.entries()) {
    // Each state once, the looks in turns: what a state is made of is the same in both.
    const own = states.filter((_, i) => i % LOOKS.length === index);
    for (const [viewer, views] of Map.groupBy(own, ({ as }) => as)) {
      const client: LiveDrops | undefined =
        viewer === 'visitor' || viewer === 'newcomer' ? undefined : shop[viewer];
      const session = JSON.stringify(client?.session.current ?? null);
      const localStorage = [{ name: `livedrops:session:${url}`, value: session }];
      const { page } = await openPage(browser, {
        viewport: { width, height: 720 },
        colorScheme,
        bypassCSP: true,
        reducedMotion: 'reduce',
        serviceWorkers: 'block',
        storageState: { cookies: [], origins: [{ origin: url, localStorage }] },
      });
      page.setDefaultTimeout(30_000);
      for (const view of views) {
        const faults = await openView(page, url, view).then(
          () => faultsOf(page),
          (error: unknown) => [String(error)],
        );
        if (faults.length > 0) found.push({ view: view.name, width, faults });
        await endView(page);
      }
      await page.context().close();
    }
  }
  t.deepEqual(found, []);
});
