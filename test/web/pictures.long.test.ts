// Pictures of products as a browser chooses them: as narrow as they are shown, in AVIF.

import test from 'ava';
import type { Page } from 'playwright-core';
import { LAMP } from '../../composition/sample/goods.ts';
import { addProduct, sendPicture } from '../../composition/sample/offer.ts';
import { LiveDrops, MemoryStorage } from '../../sdk/client.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { account, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;
/** The server is in this process, on a machine that may be busy. */
const CALL_MAX_MS = 60_000;

/** The file of the first picture, once it is drawn. */
async function shownPicture(page: Page): Promise<string> {
  const read = async () =>
    String(
      await page.evaluate(`(() => {
        const image = document.querySelector('main img');
        return image?.naturalWidth > 0 ? image.currentSrc.replace(/.*\\//, '') : '';
      })()`),
    );
  return await eventually(read, (shown) => shown !== '', CALL_MAX_MS);
}

run('U4: a card shows a narrow picture and a page a wide one, in AVIF', async (t) => {
  t.timeout(400_000);
  const server = await SaleServer.start('embedded', {
    LIVEDROPS_ROLES: 'gateway,actors,services,search,media',
  });
  t.teardown(() => server.stop());
  const [url = ''] = server.urls;
  const owner = await account(server);
  const creator = new LiveDrops({
    url,
    token: server.token(owner),
    sessionStorage: new MemoryStorage(),
    timeoutMs: CALL_MAX_MS,
  });
  const productId = await addProduct(creator, owner, LAMP, [await sendPicture(creator, LAMP)]);
  const { id } = await creator.call('POST /v1/products/{id}/drops', {
    path: { id: productId },
    body: {
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      stock: 5,
      unitAmount: 100,
      currency: 'EUR',
    },
  });
  await eventually(
    async () => (await server.get('/v1/search?type=drops')).json['items'] as object[],
    ([found]) => found !== undefined && 'picture' in found,
    CALL_MAX_MS,
  );
  const { page, troubles } = await visit(await openChromium(t), `${url}/`);
  t.is(await shownPicture(page), 'w320-1.avif');
  await page.goto(`${url}/drops/${id}`);
  t.is(await shownPicture(page), 'w640-1.avif');
  t.deepEqual(troubles, []);
});
