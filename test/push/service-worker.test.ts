// The service worker of `examples/` in a real Chromium, which DevTools hands pushes.

import { join } from 'node:path';
import ava from 'ava';
import type { CDPSession, Page } from 'playwright-core';
import { eventually } from '../end-to-end/sale-client.ts';
import { chromiumInstalled, openBrowser, openPage, servePages } from '../sdk/pages.ts';

const test = chromiumInstalled ? ava : ava.skip;
/** For a machine that is busy with other tests. */
const STEP_MAX_MS = 45_000;
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

async function registrationId(devtools: CDPSession): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    const [registration] = registrations;
    if (registration !== undefined) resolve(registration.registrationId);
  });
  await devtools.send('ServiceWorker.enable');
  return await promise;
}

/** The notifications, once there are so many; the last ones seen where that takes too long. */
function shown(page: Page, count: number): Promise<readonly Shown[]> {
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
  return eventually(read, ({ length }) => length === count, STEP_MAX_MS);
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
  const devtools = await context.newCDPSession(page);
  const id = await registrationId(devtools);
  const push = (message: object) =>
    devtools.send('ServiceWorker.deliverPushMessage', {
      origin: pages.origin,
      registrationId: id,
      data: JSON.stringify(message),
    });
  await push(MESSAGE);
  const drop = { title: MESSAGE.name, tag: 'd1', url: MESSAGE.url };
  t.deepEqual(await shown(page, 1), [{ ...drop, body: 'It has begun' }]);
  await push({ ...MESSAGE, type: 'order-confirmed', orderId: 'o1' });
  const order = { ...drop, tag: 'o1', body: 'Your order is confirmed' };
  t.deepEqual(
    (await shown(page, 2)).toSorted((a, b) => (a.tag < b.tag ? -1 : 1)),
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
