// Delivery from a bucket: through the media process, or by presigned URLs of it.

import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import test from 'ava';
import { variantKey } from '../../media/variants/recipes.ts';
import { S3Blobs } from '../../storage/blobs/blobs-s3.ts';
import { type Bucket, startBucket } from '../storage/bucket.ts';
import { DeliveryFixture } from './delivery-fixture.ts';

let bucket: Bucket;
let blobs: S3Blobs;
test.before(async () => {
  bucket = await startBucket();
  blobs = new S3Blobs(bucket.options);
});
test.after.always(() => bucket?.stop());

const content = randomBytes(300_000);
const variant = { name: 'w640-1', extension: 'webp' } as const;

async function put(): Promise<string> {
  const sha256 = randomBytes(32).toString('hex');
  const options = { type: 'image/webp', bytesMax: content.length };
  await blobs.put(variantKey(sha256, variant), Readable.from([content]), options);
  return `/m/${sha256}/w640-1.webp`;
}

test('M2: variants in a bucket flow through the media process, whole and in parts', async (t) => {
  const fixture = new DeliveryFixture({ blobs });
  await fixture.start();
  try {
    const path = await put();
    const whole = await fixture.ask(path);
    t.is(whole.status, 200);
    t.is(whole.headers.location, undefined);
    t.deepEqual(whole.body, content);
    const part = await fixture.ask(path, { range: 'bytes=1000-1999' });
    t.is(part.status, 206);
    t.deepEqual(part.body, content.subarray(1_000, 2_000));
    const several = await fixture.ask(path, { range: 'bytes=0-9,-10' });
    t.is(Number(several.headers['content-length']), several.body.length);
    t.true(several.body.includes(content.subarray(-10)));
  } finally {
    await fixture.stop();
  }
});

test('M2: or readers are sent to a URL of the bucket, which gives the same', async (t) => {
  const fixture = new DeliveryFixture({ blobs, mode: 'redirect' });
  await fixture.start();
  try {
    const path = await put();
    const { status, headers } = await fixture.ask(path);
    t.is(status, 302);
    const reply = await fetch(headers.location!);
    t.is(reply.status, 200);
    t.is(reply.headers.get('content-type'), 'image/webp');
    t.deepEqual(Buffer.from(await reply.arrayBuffer()), content);
    t.is((await fixture.ask(`/m/${'0'.repeat(64)}/w640-1.webp`)).status, 404);
  } finally {
    await fixture.stop();
  }
});
