// Uploads by the client to a whole server: its media process is killed, and a page of Chromium is
// reloaded.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import ava from 'ava';
import sharp from 'sharp';
import * as api from '../../sdk/client.ts';
import * as uploads from '../../sdk/uploads.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { type MediaNode, startMediaNode } from '../media/media-node.ts';
import { type BuiltPackage, buildPackage } from './built-package.ts';
import { chromiumInstalled, openBrowser, openPage, servePages } from './pages.ts';

const test = ava.serial;
const testInBrowser = chromiumInstalled ? test : test.skip;

let node: MediaNode;
let built: BuiltPackage;
let pages: Awaited<ReturnType<typeof servePages>>;
let picture: Buffer<ArrayBuffer>;
ava.before(async () => {
  built = buildPackage();
  pages = await servePages({ client: join(built.packageDirectory, 'dist') });
  node = await startMediaNode({ LIVEDROPS_CORS_ORIGINS: pages.origin });
  // Noise, so that it stays large.
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const create = { width: 1_000, height: 800, channels: 3, background: '#888', noise } as const;
  picture = Buffer.from(await sharp({ create }).jpeg({ quality: 95 }).toBuffer());
});
ava.after.always(async () => {
  await node?.stop();
  pages?.close();
  built?.remove();
});

function digest(): string {
  return createHash('sha256').update(picture).digest('hex');
}

test('M1, G4: behind a media process that was killed an upload goes on, to a picture', async (t) => {
  t.true(picture.length > 600_000);
  const client = new api.LiveDrops({ url: node.url, token: node.token });
  let kills = 0;
  const upload = new uploads.Upload({
    client,
    file: new Blob([picture]),
    filename: 'lamp.jpg',
    purpose: 'product',
    triesMax: 100,
    onProgress: ({ sent, bytes }) => {
      if (sent > 0 && sent < bytes && kills++ === 0) process.kill(node.mediaPid(), 'SIGKILL');
    },
  });
  const media = await uploads.settledMedia(client, await upload.done);
  t.true(kills > 0);
  t.like(media, { status: 'ready', bytes: picture.length, purpose: 'product' });
  t.is(media.content?.sha256, digest());
});

/** What the scripts of the page import. */
type Modules = typeof api & typeof uploads;

testInBrowser('M1, G4: in Chromium an upload goes on after a reload of the page', async (t) => {
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const { page } = await openPage(t, browser, `${pages.origin}/`);
  const methods: string[] = [];
  await page.route('**/v1/uploads*/**', async (route, request) => {
    const method = request.method();
    if (method === 'OPTIONS') return await route.continue();
    methods.push((await request.headerValue('x-http-method-override')) ?? method);
    // The second part never arrives, until the page is loaded again.
    if (methods.join() !== 'PATCH,PATCH') await route.continue();
  });
  const options = { url: node.url, token: node.token, base64: picture.toString('base64') };
  const upload = async (until: 'part' | 'end') =>
    await page.evaluate(
      async ({ url, token, base64, end }) => {
        const paths = ['/client/client.js', '/client/uploads.js'];
        const loaded = await Promise.all(paths.map((path) => import(path) as Promise<object>));
        const { LiveDrops, Upload, settledMedia } = Object.assign({}, ...loaded) as Modules;
        const client = new LiveDrops({ url, token });
        const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
        // As a form gives it: after a reload the same file has the same name and time.
        const file = new File([bytes], 'lamp.jpg', { lastModified: 1 });
        const told: number[] = [];
        const sending = new Upload({
          client,
          file,
          purpose: 'avatar',
          checksum: true,
          onProgress: ({ sent }) => told.push(sent),
        });
        if (end) return { told, media: await settledMedia(client, await sending.done) };
        while (told.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        return { told, media: null };
      },
      { ...options, end: until === 'end' },
    );
  const begun = await upload('part');
  t.true(begun.told[1]! > 0 && begun.told[1]! < picture.length);
  await page.reload();
  const { told, media } = await upload('end');
  t.is(told[0], begun.told[1]);
  t.is(told.at(-1), picture.length);
  t.is(methods.filter((one) => one === 'HEAD').length, 1);
  t.like(media, { status: 'ready', purpose: 'avatar' });
  t.is(media!.content?.sha256, digest());
});

testInBrowser(
  'M1, G4: a device that is offline takes no tries, and goes on once online',
  async (t) => {
    const browser = await openBrowser();
    t.teardown(() => browser.close());
    const { context, page } = await openPage(t, browser, `${pages.origin}/`);
    let failed = 0;
    page.on('requestfailed', () => (failed += 1));
    await page.exposeFunction('goOffline', async () => await context.setOffline(true));
    const uploading = page.evaluate(
      async ({ url, token, base64 }) => {
        const paths = ['/client/client.js', '/client/uploads.js'];
        const loaded = await Promise.all(paths.map((path) => import(path) as Promise<object>));
        const { LiveDrops, Upload } = Object.assign({}, ...loaded) as Modules;
        const scope = globalThis as unknown as { goOffline(): Promise<void> };
        let offline: Promise<void> | null = null;
        const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
        const upload = new Upload({
          client: new LiveDrops({ url, token }),
          file: new File([bytes], 'lamp.jpg'),
          purpose: 'avatar',
          triesMax: 2,
          retryFirstMs: 1,
          // The second part waits for it.
          fetch: async (input, init) => {
            if (offline !== null) await offline;
            return await fetch(input, init);
          },
          onProgress: ({ sent }) => {
            if (sent > 0) offline ??= scope.goOffline();
          },
        });
        return await upload.done;
      },
      { url: node.url, token: node.token, base64: picture.toString('base64') },
    );
    await eventually(
      async () => failed,
      (count) => count > 0,
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    t.is(failed, 1, 'no more tries are made');
    await context.setOffline(false);
    const media = await node.settled(await uploading);
    t.is(media.content?.sha256, digest());
  },
);
