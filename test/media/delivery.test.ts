// Delivery over HTTP, from a real folder of blobs.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'ava';
import { extensionsFor } from '../../media/delivery/accept.ts';
import { conditionOf, rangeCounts } from '../../media/delivery/conditions.ts';
import { MEDIA_HEADERS } from '../../media/delivery/delivery.ts';
import { variantKey } from '../../media/variants/recipes.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { DeliveryFixture } from './delivery-fixture.ts';

const YEAR = 'public, max-age=31536000, immutable';
const fixture = new DeliveryFixture();
await fixture.start();
test.after.always(() => fixture.stop());

function digest(): string {
  return randomBytes(32).toString('hex');
}

test('M2: a variant is delivered whole, for a year, and as nothing but media', async (t) => {
  const content = randomBytes(300_000);
  const path = await fixture.put(digest(), { name: 'w640-1', extension: 'webp' }, content);
  const { status, headers, body } = await fixture.ask(path);
  t.is(status, 200);
  t.deepEqual(body, content);
  t.is(headers['content-type'], 'image/webp');
  t.is(headers['content-length'], '300000');
  t.is(headers['cache-control'], YEAR);
  t.is(headers['accept-ranges'], 'bytes');
  t.regex(headers.etag!, /^"[0-9a-f]{32}-w640-1\.webp"$/);
  t.is(headers['x-content-type-options'], 'nosniff');
  t.regex(String(headers['content-security-policy']), /default-src 'none'.*sandbox/);
  t.is(headers['cross-origin-resource-policy'], 'cross-origin');
  t.is(headers['access-control-allow-origin'], '*');
  t.is(headers['set-cookie'], undefined);
  const asHead = await fixture.ask(path, {}, 'HEAD');
  t.deepEqual([asHead.status, asHead.body.length], [200, 0]);
  const { date: _, connection: __, ...same } = headers;
  for (const [name, value] of Object.entries(same)) t.is(asHead.headers[name], value, name);
});

test('M2: every reply has the headers that keep it from being a page', async (t) => {
  const path = await fixture.put(
    digest(),
    { name: 'w160-1', extension: 'jpg' },
    Buffer.from('0123'),
  );
  const { headers } = await fixture.ask(path);
  const replies = [
    await fixture.ask(path, { 'if-none-match': headers.etag! }),
    await fixture.ask(path, { 'if-match': '"another"' }),
    await fixture.ask(path, { range: 'bytes=1-2' }),
    await fixture.ask(path, { range: 'bytes=9-' }),
    await fixture.ask(path, {}, 'POST'),
    await fixture.ask(path, {}, 'OPTIONS'),
    await fixture.ask(`${path}?w=1`),
    await fixture.ask('/m/nothing'),
  ];
  t.deepEqual(
    replies.map(({ status }) => status),
    [304, 412, 206, 416, 405, 204, 403, 404],
  );
  for (const reply of replies)
    for (const [name, value] of Object.entries(MEDIA_HEADERS))
      t.is(reply.headers[name], value, `${reply.status} ${name}`);
  for (const reply of replies.filter(({ status }) => status >= 400)) {
    t.is(reply.headers['content-type'], 'application/problem+json');
    t.is(reply.headers['cache-control'], 'no-store');
    t.is(JSON.parse(reply.body.toString()).status, reply.status);
  }
});

test('M2: ranges: one, several, from the end, and none that is there', async (t) => {
  const content = randomBytes(200_000);
  const path = await fixture.put(digest(), { name: 'video-1', extension: 'mp4' }, content);
  const one = await fixture.ask(path, { range: 'bytes=100-199' });
  t.is(one.status, 206);
  t.is(one.headers['content-range'], 'bytes 100-199/200000');
  t.is(one.headers['content-length'], '100');
  t.is(one.headers['content-type'], 'video/mp4');
  t.deepEqual(one.body, content.subarray(100, 200));
  const end = await fixture.ask(path, { range: 'bytes=-10' });
  t.deepEqual(end.body, content.subarray(-10));
  const rest = await fixture.ask(path, { range: 'bytes=199000-' });
  t.deepEqual(rest.body, content.subarray(199_000));
  const several = await fixture.ask(path, { range: 'bytes=0-9,150000-150999' });
  t.is(several.status, 206);
  t.is(several.headers['content-range'], undefined);
  t.is(Number(several.headers['content-length']), several.body.length);
  const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(several.headers['content-type']!);
  const parts = several.body.toString('latin1').split(`--${boundary![1]}`);
  t.is(parts.length, 4);
  t.true(parts[1]!.endsWith(`\r\n\r\n${content.toString('latin1', 0, 10)}\r\n`));
  t.true(parts[2]!.endsWith(`\r\n\r\n${content.toString('latin1', 150_000, 151_000)}\r\n`));
  t.true(parts[2]!.includes('content-range: bytes 150000-150999/200000'));
  const none = await fixture.ask(path, { range: 'bytes=200000-' });
  t.is(none.status, 416);
  t.is(none.headers['content-range'], 'bytes */200000');
  t.is(JSON.parse(none.body.toString()).code, 'range-not-satisfiable');
  t.is((await fixture.ask(path, { range: 'lines=1-2' })).status, 200);
  t.is((await fixture.ask(path, { range: 'bytes=0-9' }, 'HEAD')).status, 200);
});

test('M2: If-Range: the range where the tag is the same, else the whole', async (t) => {
  const content = randomBytes(1_000);
  const path = await fixture.put(digest(), { name: 'video-1', extension: 'webm' }, content);
  const tag = (await fixture.ask(path)).headers.etag!;
  const range = 'bytes=0-9';
  t.is((await fixture.ask(path, { range, 'if-range': tag })).status, 206);
  for (const other of ['"another"', `W/${tag}`, 'Tue, 15 Nov 1994 12:45:26 GMT']) {
    const reply = await fixture.ask(path, { range, 'if-range': other });
    t.deepEqual([reply.status, reply.body.length], [200, 1_000], other);
  }
});

test('M2: If-None-Match answers 304 without a body, by any of its tags', async (t) => {
  const path = await fixture.put(digest(), { name: 'w320-1', extension: 'png' }, Buffer.from('x'));
  const tag = (await fixture.ask(path)).headers.etag!;
  for (const given of [tag, `W/${tag}`, `"a", ${tag} , "b"`, '*']) {
    const { status, headers, body } = await fixture.ask(path, { 'if-none-match': given });
    t.deepEqual([status, body.length, headers.etag, headers['cache-control']], [304, 0, tag, YEAR]);
  }
  t.is((await fixture.ask(path, { 'if-none-match': '"another"' })).status, 200);
  t.is((await fixture.ask(path, { 'if-none-match': tag }, 'HEAD')).status, 304);
});

test('M2: tags are compared as RFC 9110 says', (t) => {
  const tag = '"a"';
  t.is(conditionOf({}, tag), 'send');
  t.is(conditionOf({ 'if-match': '"b", "a"' }, tag), 'send');
  t.is(conditionOf({ 'if-match': 'W/"a"' }, tag), 'failed');
  t.is(conditionOf({ 'if-match': '*', 'if-none-match': '"a"' }, tag), 'not-modified');
  t.is(conditionOf({ 'if-none-match': 'a' }, tag), 'send');
  t.true(rangeCounts({}, tag) && rangeCounts({ 'if-range': ' "a"' }, tag));
});

test('M2: without the extension Accept chooses the format', async (t) => {
  const sha256 = digest();
  for (const extension of ['avif', 'webp', 'jpg'] as const)
    await fixture.put(sha256, { name: 'w640-1', extension }, Buffer.from(extension));
  const path = `/m/${sha256}/w640-1`;
  const chromium = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';
  for (const [accept, expected] of [
    [chromium, 'avif'],
    ['image/webp,*/*', 'webp'],
    ['image/avif;q=0.5, image/webp', 'webp'],
    ['image/avif;q=0, image/webp;q=0', 'jpg'],
    ['image/*', 'jpg'],
    ['*/*', 'jpg'],
    ['text/html', 'jpg'],
  ] as const) {
    const { headers, body } = await fixture.ask(path, { accept });
    t.is(body.toString(), expected, accept);
    t.is(headers.vary, 'Accept');
    t.regex(headers.etag!, new RegExp(`\\.${expected}"$`));
  }
  t.is((await fixture.ask(`${path}.jpg`, { accept: chromium })).body.toString(), 'jpg');
  t.is((await fixture.ask(`${path}.jpg`)).headers.vary, undefined);
  t.deepEqual(extensionsFor('image/webp'), ['webp', 'jpg', 'png']);
});

test('M2: only what the recipes make has an address', async (t) => {
  const sha256 = digest();
  await fixture.put(sha256, { name: 'w640-1', extension: 'webp' }, Buffer.from('x'));
  for (const path of [
    `/m/${sha256}/w641-1.webp`,
    `/m/${sha256}/w640.webp`,
    `/m/${sha256}/w640-1.svg`,
    `/m/${sha256}/w640-1.webp/`,
    `/m/${sha256}/../${sha256}/w640-1.webp`,
    `/m/${sha256.toUpperCase()}/w640-1.webp`,
    `/m/${sha256}/%77640-1.webp`,
    `/m/${sha256}/w640-1.jpg`,
    `/m/${digest()}/w640-1.webp`,
    '/m/',
  ])
    t.is((await fixture.ask(path)).status, 404, path);
  t.is((await fixture.ask('/v1/uploads')).body.toString(), 'not media');
});

test('M2: private media need a signature that holds; shared caches store none', async (t) => {
  const sha256 = digest();
  const path = await fixture.put(
    sha256,
    { name: 'w640-1', extension: 'webp' },
    Buffer.from('secret'),
  );
  fixture.privates.add(sha256);
  t.is((await fixture.ask(path)).status, 404);
  const now = Math.floor(fixture.now / 1000);
  const url = fixture.signer.sign(path, now, 600);
  const { status, headers, body } = await fixture.ask(url);
  t.deepEqual([status, body.toString()], [200, 'secret']);
  const maxAge = /^private, max-age=(\d+), immutable$/.exec(headers['cache-control']!);
  t.true(Number(maxAge![1]) >= 600 && Number(maxAge![1]) <= 4_200);
  t.is((await fixture.ask(`${url}x`)).status, 403);
  const old = fixture.signer.sign(path, now - 10_000, 600);
  const expired = await fixture.ask(old);
  t.is(expired.status, 403);
  t.regex(expired.body.toString(), /expired/);
  t.is((await fixture.ask(old, { 'if-none-match': headers.etag! })).status, 403);
  fixture.privates.delete(sha256);
  t.is((await fixture.ask(url)).headers['cache-control'], YEAR);
});

test('M2: where nothing is private, an address has no parameters', async (t) => {
  const open = new DeliveryFixture({ privacy: null });
  await open.start();
  try {
    const variant = { name: 'w640-1', extension: 'webp' } as const;
    const path = await open.put(digest(), variant, Buffer.from('x'));
    t.is((await open.ask(path)).status, 200);
    const now = Math.floor(open.now / 1000);
    for (const url of [`${path}?w=100`, open.signer.sign(path, now, 600)])
      t.is((await open.ask(url)).status, 403);
  } finally {
    await open.stop();
  }
});

test('M2: with a bucket the reply leads to a presigned URL, where that is wanted', async (t) => {
  const asked: [string, number][] = [];
  const redirecting = new DeliveryFixture({
    mode: 'redirect',
    blobs: {
      get: async () => null,
      head: async (key) => ({ key, bytes: 9, writtenAt: 0 }),
      presignedUrl: async (key, seconds) => {
        asked.push([key, seconds]);
        return `https://bucket.example/${key}?X-Amz-Signature=1`;
      },
    },
  });
  await redirecting.start();
  try {
    const sha256 = digest();
    const { status, headers, body } = await redirecting.ask(`/m/${sha256}/w640-1.webp`);
    const key = variantKey(sha256, { name: 'w640-1', extension: 'webp' });
    t.deepEqual([status, body.length], [302, 0]);
    t.is(headers.location, `https://bucket.example/${key}?X-Amz-Signature=1`);
    t.is(headers['cache-control'], 'public, max-age=1800');
    t.deepEqual(asked, [[key, 3_600]]);
    redirecting.privates.add(sha256);
    t.is((await redirecting.ask(`/m/${sha256}/w640-1.webp`)).status, 404);
    const now = Math.floor(redirecting.now / 1000);
    const signed = redirecting.signer.sign(`/m/${sha256}/w640-1.webp`, now, 1);
    t.regex((await redirecting.ask(signed)).headers['cache-control']!, /^private/);
  } finally {
    await redirecting.stop();
  }
});

test('M2: a store that is away is 503, and breaks off a reply that has begun', async (t) => {
  const failing = new DeliveryFixture({
    blobs: {
      head: async (key) => {
        if (key.includes('w160')) throw new StoreUnavailableError('away');
        return { key, bytes: 9, writtenAt: 0 };
      },
      get: async () => {
        throw new StoreUnavailableError('away');
      },
      presignedUrl: async () => null,
    },
  });
  await failing.start();
  try {
    for (const name of ['w160-1', 'w320-1']) {
      const { status, headers, body } = await failing.ask(`/m/${digest()}/${name}.webp`);
      t.is(status, 503);
      t.is(headers['retry-after'], '1');
      t.is(JSON.parse(body.toString()).code, 'unavailable');
    }
    const several = failing.ask(`/m/${digest()}/w320-1.webp`, { range: 'bytes=0-0,5-5' });
    await t.throwsAsync(several, undefined, 'a reply that has begun is broken off');
  } finally {
    await failing.stop();
  }
});

test('M2: replies at once have a bound; who takes nothing is let go', async (t) => {
  const slow = new DeliveryFixture({
    bounds: { max: 1, clientMax: 1 },
    pace: { windowMs: 300, bytesMin: 1 },
  });
  await slow.start();
  try {
    const path = await slow.put(
      digest(),
      { name: 'video-1', extension: 'mp4' },
      randomBytes(2 ** 25),
    );
    const socket = connect(slow.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    while (slow.delivery.transfers === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const other = await slow.ask(path);
    t.is(other.status, 503);
    t.is(JSON.parse(other.body.toString()).code, 'overloaded');
    while (slow.delivery.transfers > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    socket.destroy();
    await once(socket, 'close');
    t.is((await slow.ask(path, { range: 'bytes=0-9' })).status, 206);
  } finally {
    await slow.stop();
  }
});
