// The service worker of `examples/` in a real Chromium, which DevTools hands pushes.

import { join } from 'node:path';
import ava from 'ava';
import type { BrowserContext, Page } from 'playwright-core';
import { eventually } from '../end-to-end/sale-client.ts';
import { chromiumInstalled, openBrowser, openPage, servePages } from '../sdk/pages.ts';

const test = chromiumInstalled ? ava : ava.skip;
/** For a machine that is busy with other tests. */
const STEP_MAX_MS = 45_000;
const PUSH_AGAIN_MS = 5_000;
const PUSHES_MAX = 9;
const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples');

interface Shown {
  readonly title: string;
  readonly body: string;
  readonly tag: string;
  readonly url: string;
}

/** What pages have, as far as the tests touch it. */
interface PageNavigator {
  readonly serviceWorker: {
    register(url: string): Promise<unknown>;
    readonly ready: Promise<{
      getNotifications(): Promise<readonly (Shown & { readonly data: { url: string } })[]>;
    }>;
  };
}

/** What is in the worker's scope, as far as the tests touch it. */
interface WorkerScope {
  readonly registration: { getNotifications(): Promise<readonly { readonly tag: string }[]> };
  readonly clients: { openWindow: (url: string) => Promise<void> };
  dispatchEvent(event: unknown): void;
  readonly NotificationEvent: new (
    type: string,
    init: { readonly notification: unknown },
  ) => object;
}

const MESSAGE = {
  type: 'drop-started',
  at: 1_800_000_000_000,
  dropId: 'd1',
  creatorId: 'u1',
  name: 'A blue vase',
  url: 'https://shop.example/drops/d1',
};

/** Hands the page's worker a push, as a browser does that has decrypted it. */
async function delivery(context: BrowserContext, page: Page): Promise<(data: string) => unknown> {
  const devtools = await context.newCDPSession(page);
  const { promise, resolve } = Promise.withResolvers<string>();
  devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    const [registration] = registrations;
    if (registration !== undefined) resolve(registration.registrationId);
  });
  await devtools.send('ServiceWorker.enable');
  const registrationId = await promise;
  const { origin } = new URL(page.url());
  return (data) =>
    devtools.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
}

/**
 * The notifications, once there are so many; the last ones seen where that takes too long. `push`
 * is repeated now and then, which changes nothing that is shown: DevTools may lose one while the
 * worker starts.
 */
async function shown(
  page: Page,
  count: number,
  push: () => unknown = () => undefined,
): Promise<readonly Shown[]> {
  const read = () =>
    page.evaluate(async () => {
      const { serviceWorker } = navigator as unknown as PageNavigator;
      const notifications = await (await serviceWorker.ready).getNotifications();
      return notifications.map(({ title, body, tag, data: { url } }) => ({
        title,
        body,
        tag,
        url,
      }));
    });
  let found: readonly Shown[] = [];
  for (let i = 0; i < PUSHES_MAX && found.length !== count; i++) {
    await push();
    found = await eventually(read, ({ length }) => length === count, PUSH_AGAIN_MS);
  }
  return found;
}

test('R1: the example of a service worker shows a push, and opens its page', async (t) => {
  const pages = await servePages({ examples: EXAMPLES });
  t.teardown(() => pages.close());
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const { context, page } = await openPage(t, browser, `${pages.origin}/examples/page`);
  context.setDefaultTimeout(STEP_MAX_MS);
  await context.grantPermissions(['notifications'], { origin: pages.origin });
  const [worker] = await Promise.all([
    context.waitForEvent('serviceworker'),
    page.evaluate(async () => {
      const { serviceWorker } = navigator as unknown as PageNavigator;
      await serviceWorker.register('/examples/push-worker.js');
      await serviceWorker.ready;
    }),
  ]);
  const deliver = await delivery(context, page);
  const push = (message: object) => deliver(JSON.stringify(message));
  const drop = { title: MESSAGE.name, tag: 'd1', url: MESSAGE.url };
  t.deepEqual(await shown(page, 1, () => push(MESSAGE)), [{ ...drop, body: 'It has begun' }]);
  const confirmed = { ...MESSAGE, type: 'order-confirmed', orderId: 'o1' };
  const order = { ...drop, tag: 'o1', body: 'Your order is confirmed' };
  t.deepEqual(
    (await shown(page, 2, () => push(confirmed))).toSorted((a, b) => (a.tag < b.tag ? -1 : 1)),
    [{ ...drop, body: 'It has begun' }, order],
  );
  const opened = await worker.evaluate(async () => {
    const scope = globalThis as unknown as WorkerScope;
    const urls: string[] = [];
    scope.clients.openWindow = async (url) => void urls.push(url);
    const [notification] = await scope.registration.getNotifications();
    scope.dispatchEvent(new scope.NotificationEvent('notificationclick', { notification }));
    return urls;
  });
  t.deepEqual(opened, [MESSAGE.url]);
  t.is((await shown(page, 1)).length, 1);
});
