// Uploads to a whole server, by a client that others wrote: whatever is killed in between, a file
// arrives as it is, and becomes a picture.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'ava';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { type HttpRequest, Upload } from 'tus-js-client';
import type { Product } from '../../sdk/api.ts';
import { type MediaNode, startMediaNode } from './media-node.ts';

let node: MediaNode;
test.before(async () => {
  node = await startMediaNode();
});
test.after.always(() => node?.stop());

/** Noise, so that it stays large. */
async function picture(width: number, height: number): Promise<Buffer> {
  const channels = 3;
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  return await sharp({ create: { width, height, channels, background: '#888', noise } })
    .jpeg({ quality: 95 })
    .toBuffer();
}

interface Sent {
  readonly mediaId: string;
  readonly requests: readonly string[];
}

function upload(file: Buffer, filename: string, onBytes: (sent: number) => void): Promise<Sent> {
  const requests: string[] = [];
  return new Promise((resolve, reject) => {
    const sending = new Upload(file, {
      endpoint: `${node.media}/v1/uploads`,
      headers: { authorization: `Bearer ${node.token}` },
      metadata: { filename, purpose: 'product' },
      chunkSize: 256 * 1024,
      retryDelays: Array.from({ length: 60 }, () => 250),
      onBeforeRequest: (request: HttpRequest) => void requests.push(request.getMethod()),
      onChunkComplete: (_size, sent) => onBytes(sent),
      onSuccess: () => resolve({ mediaId: sending.url!.split('/').at(-1)!, requests }),
      onError: reject,
    });
    sending.start();
  });
}

test.serial('M1: a key begins one upload', async (t) => {
  const name = (text: string) => Buffer.from(text).toString('base64');
  const create = async (bytes: number) =>
    await fetch(`${node.media}/v1/uploads`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${node.token}`,
        'tus-resumable': '1.0.0',
        'idempotency-key': 'lamp',
        'upload-length': String(bytes),
        'upload-metadata': `filename ${name('lamp.jpg')},purpose ${name('product')}`,
      },
    });
  const places = [await create(5), await create(5)].map(({ headers }) => headers.get('location'));
  t.truthy(places[0]);
  t.is(places[0], places[1]);
  t.is((await create(6)).status, 422);
});

test.serial('M1: an upload goes on behind a media process that was killed', async (t) => {
  const file = await picture(1_600, 1_200);
  t.true(file.length > 1_000_000);
  let kills = 0;
  const { mediaId, requests } = await upload(file, 'lamp.jpg', (sent) => {
    // Twice, in the middle.
    if (sent < file.length && kills < 2 && sent > (kills + 1) * 300_000) {
      kills += 1;
      process.kill(node.mediaPid(), 'SIGKILL');
    }
  });
  t.is(kills, 2);
  t.true(requests.includes('HEAD'), 'it asked where to go on');
  const media = await node.settled(mediaId);
  t.like(media, {
    status: 'ready',
    bytes: file.length,
    content: { kind: 'image', type: 'image/jpeg', width: 1_600, height: 1_200 },
  });
  const sha256 = createHash('sha256').update(file).digest('hex');
  t.like(media.content, { sha256 });
  const { variants } = media.content!;
  t.true(variants.length > 3);
  for (const { url, bytes } of variants) {
    const found = await fetch(url);
    t.deepEqual([found.status, (await found.arrayBuffer()).byteLength], [200, bytes]);
  }
});

test.serial('M2: what was made of an upload is at the URLs that are told of it', async (t) => {
  const { mediaId } = await upload(await picture(200, 100), 'lamp.jpg', () => undefined);
  const { variants } = (await node.settled(mediaId)).content!;
  t.is(variants.length, 6);
  for (const { url, type, bytes, width, height } of variants) {
    const reply = await fetch(url);
    t.is(reply.status, 200);
    t.is(reply.headers.get('content-type'), type);
    t.regex(reply.headers.get('cache-control')!, /immutable/);
    const body = Buffer.from(await reply.arrayBuffer());
    t.is(body.length, bytes);
    const decoded = await sharp(body).metadata();
    t.deepEqual([decoded.width, decoded.height], [width, height]);
  }
  const part = await fetch(variants[0]!.url, { headers: { range: 'bytes=0-9' } });
  t.deepEqual([part.status, (await part.arrayBuffer()).byteLength], [206, 10]);
  t.is((await fetch(`${variants[0]!.url}&w=100`)).status, 403);
});

test.serial('M2: media of a product are their owner’s until its drop is announced', async (t) => {
  const { mediaId } = await upload(await picture(120, 80), 'lamp.jpg', () => undefined);
  const { variants } = (await node.settled(mediaId)).content!;
  const headers = { authorization: `Bearer ${node.token}`, 'content-type': 'application/json' };
  const send = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const reply = await fetch(node.url + path, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    t.true(reply.ok, `${method} ${path}: ${reply.status}`);
    return (await reply.json()) as T;
  };
  const owner = await send<{ id: string }>('GET', '/v1/users/me');
  const content = { name: 'Lamp', mediaIds: [mediaId] };
  const added = `/v1/creators/${owner.id}/products`;
  const product = await send<Product>('POST', added, content);
  t.like(product, { hasPrivateMedia: true, media: [{ id: mediaId }], picture: { id: mediaId } });
  const signed = new URL(product.media![0]!.variants[0]!.url);
  t.is((await fetch(signed)).status, 200);
  const bare = signed.origin + signed.pathname;
  t.is(new URL(variants[0]!.url).pathname, signed.pathname);
  t.is((await fetch(bare)).status, 404);
  const shown = async (path: string) => await (await fetch(node.url + path)).json();
  t.like(await shown(`/v1/media/${mediaId}`), { code: 'not-found' });
  t.like(await shown(`/v1/products/${product.id}`), { hasPrivateMedia: true, media: undefined });
  const removal = await fetch(`${node.url}/v1/media/${mediaId}`, { method: 'DELETE', headers });
  t.like(await removal.json(), { status: 409, code: 'media-in-use' });

  const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
  const times = { startsAt: inMinutes(5), endsAt: inMinutes(60) };
  const terms = { ...times, stock: 5, unitAmount: 100, currency: 'EUR' };
  await send('POST', `/v1/products/${product.id}/drops`, terms);
  const announced = (await shown(`/v1/products/${product.id}`)) as Product;
  t.like(announced, { hasPrivateMedia: undefined, media: [{ id: mediaId }] });
  t.is(announced.media![0]!.variants[0]!.url, bare);
  t.like(await shown(`/v1/media/${mediaId}`), { visibility: 'public' });
  let status = 0;
  // That it is private was told to the media process a moment ago.
  for (const end = performance.now() + 60_000; status !== 200 && performance.now() < end; )
    ({ status } = await fetch(bare));
  t.is(status, 200);
});

test.serial('M3: a file that is no picture is refused with a reason', async (t) => {
  const { mediaId } = await upload(Buffer.from('<svg><script/></svg>'), 'a.jpg', () => undefined);
  const media = await node.settled(mediaId);
  t.is(media.status, 'refused');
  t.regex(String(media.reason), /are taken/);
});

const CHROMIUM = '/usr/bin/chromium';
const withChromium = existsSync(CHROMIUM) ? test.serial : test.serial.skip;
withChromium('M1: a page of another origin uploads from Chromium', async (t) => {
  const script = createRequire(import.meta.url).resolve('tus-js-client/dist/tus.min.js');
  const file = await picture(400, 300);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox'],
  });
  try {
    // The page is ours to the API, whose pages run no scripts of others.
    const page = await browser.newPage({ bypassCSP: true });
    await page.goto(`${node.url}/health/live`);
    await page.addScriptTag({ content: readFileSync(script, 'utf8') });
    const url = await page.evaluate(
      ({ base64, endpoint, token }) =>
        new Promise<string>((resolve, reject) => {
          const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
          const { tus } = globalThis as unknown as { tus: { Upload: typeof Upload } };
          const sending = new tus.Upload(new File([bytes], 'lamp.jpg'), {
            endpoint,
            headers: { authorization: `Bearer ${token}` },
            metadata: { filename: 'lamp.jpg', purpose: 'avatar' },
            chunkSize: 32 * 1024,
            onSuccess: () => resolve(sending.url!),
            onError: reject,
          });
          sending.start();
        }),
      {
        base64: file.toString('base64'),
        endpoint: `${node.media}/v1/uploads`,
        token: node.token,
      },
    );
    const media = await node.settled(url.split('/').at(-1)!);
    t.like(media, { status: 'ready', purpose: 'avatar', content: { width: 400, height: 300 } });
  } finally {
    await browser.close();
  }
});
