// Blobs in a bucket: the contract against a server of S3's protocol, and what only a bucket can do.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { S3Blobs } from '../../storage/blobs/blobs-s3.ts';
import { type Bucket, startBucket } from './bucket.ts';
import { blobsContract } from './contract/blobs.ts';
import { failsWith } from './contract/errors.ts';

let bucket: Bucket;
let blobs: S3Blobs;
test.before(async () => {
  bucket = await startBucket();
  blobs = new S3Blobs(bucket.options);
});
test.after.always(() => bucket?.stop());

// This server passes over `If-None-Match` of writes, and fails where a list is longer than a page.
blobsContract(() => blobs, { conditionalWrites: false, pages: false });

async function* text(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(Buffer.from(part));
}

/** A bucket that answers what it is told, and what it was asked. */
async function startAnswering(
  answer: (request: { method: string; url: string; number: number }) => [number, string?],
) {
  const asked: { method: string; conditional: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const method = request.method!;
    asked.push({ method, conditional: request.headers['if-none-match'] });
    request.resume().once('end', () => {
      const [status, body = ''] = answer({ method, url: request.url!, number: asked.length });
      response.writeHead(status).end(body);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    blobs: new S3Blobs({ ...bucket.options, endpoint }),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('M2: a presigned URL reads the blob without an account, until its end', async (t) => {
  await blobs.put('signed/a.webp', text('picture'), { bytesMax: 100, type: 'image/webp' });
  const url = await blobs.presignedUrl('signed/a.webp', 60);
  const found = await fetch(url);
  t.deepEqual([found.status, found.headers.get('content-type')], [200, 'image/webp']);
  t.is(await found.text(), 'picture');
  t.is((await fetch(url.replace(/X-Amz-Date=\d{4}/, 'X-Amz-Date=2020'))).status, 403);
});

test('M2: a write is conditional, and one that came second is told', async (t) => {
  const second = await startAnswering(({ method }) =>
    method === 'HEAD' ? [404] : [412, '<Error><Code>PreconditionFailed</Code></Error>'],
  );
  t.teardown(() => second.stop());
  await failsWith(t, 'conflict', second.blobs.put('a', text('a'), { bytesMax: 1 }));
  t.deepEqual(second.asked.at(-1), { method: 'PUT', conditional: '*' });
});

test('M2: a request that fails is tried again', async (t) => {
  const shaky = await startAnswering(({ method, number }) =>
    method === 'HEAD' ? [404] : number < 4 ? [503] : [200],
  );
  t.teardown(() => shaky.stop());
  t.is((await shaky.blobs.put('a', text('a'), { bytesMax: 1 })).bytes, 1);
  t.deepEqual(
    shaky.asked.map(({ method }) => method),
    ['HEAD', 'PUT', 'PUT', 'PUT'],
  );
});

test('M2: uploads in parts that nobody will finish are removed when they are old', async (t) => {
  const upload = (id: string, year: number) =>
    `<Upload><Key>${id}</Key><UploadId>${id}</UploadId>` +
    `<Initiated>${year}-01-01T00:00:00.000Z</Initiated></Upload>`;
  const page = (uploads: string, more: string) =>
    `<ListMultipartUploadsResult>${uploads}${more}</ListMultipartUploadsResult>`;
  const aborted: string[] = [];
  const parts = await startAnswering(({ method, url }) => {
    if (method === 'DELETE') {
      aborted.push(new URL(url, 'http://localhost').pathname);
      return [204];
    }
    const more = '<IsTruncated>true</IsTruncated><NextKeyMarker>b</NextKeyMarker>';
    return url.includes('key-marker=b')
      ? [200, page(upload('c', 2020), '')]
      : [200, page(upload('a', 2020) + upload('b', 2030), more)];
  });
  t.teardown(() => parts.stop());
  await parts.blobs.removeUnfinished(Date.UTC(2025, 0));
  t.deepEqual(aborted, ['/media/a', '/media/c']);
});

test('M2: a page of a list has at most 1,000 blobs, those behind the last one', async (t) => {
  let asked = '';
  const listing = await startAnswering(({ url }) => {
    asked = url;
    const blob = '<Contents><Key>a/c</Key><Size>7</Size></Contents>';
    return [200, `<ListBucketResult>${blob}<IsTruncated>true</IsTruncated></ListBucketResult>`];
  });
  t.teardown(() => listing.stop());
  t.deepEqual(await listing.blobs.list('a/', 'a/b'), [{ key: 'a/c', bytes: 7, writtenAt: 0 }]);
  const { searchParams } = new URL(asked, 'http://localhost');
  t.deepEqual(
    ['max-keys', 'start-after', 'prefix'].map((name) => searchParams.get(name)),
    ['1000', 'a/b', 'a/'],
  );
});

test('M2: a bucket that gives other bytes than asked for is not believed', async (t) => {
  const wrong = await startAnswering(() => [200, 'hello']);
  t.teardown(() => wrong.stop());
  await failsWith(t, 'store-unavailable', wrong.blobs.get('a', { first: 0, last: 0 }));
});

test('M2: a bucket that is away, or does not let us in, is unavailable', async (t) => {
  const closed = new S3Blobs({ ...bucket.options, endpoint: 'http://127.0.0.1:1' });
  await failsWith(t, 'store-unavailable', closed.head('a'));
  await failsWith(t, 'store-unavailable', closed.put('a', text('a'), { bytesMax: 1 }));
  const missing = new S3Blobs({ ...bucket.options, bucket: 'nowhere' });
  await failsWith(t, 'store-unavailable', missing.put('a', text('a'), { bytesMax: 1 }));
  await failsWith(t, 'store-unavailable', missing.list(''));
  const credentials = { accessKeyId: 'stranger', secretAccessKey: 'S3RVER' };
  const stranger = new S3Blobs({ ...bucket.options, credentials });
  await failsWith(t, 'store-unavailable', stranger.head('a'));
});

test('M4: those who read slowly hold up neither writes nor what is asked about blobs', async (t) => {
  const narrow = new S3Blobs({ ...bucket.options, connectionsMax: 1, readConnectionsMax: 2 });
  // More than the system's buffers take.
  const large = Array.from({ length: 32 }, () => Buffer.alloc(2 ** 20, 'x'));
  await narrow.put(
    'slow/large',
    (async function* () {
      yield* large;
    })(),
    { bytesMax: 2 ** 25 },
  );
  const read = [await narrow.get('slow/large'), await narrow.get('slow/large')];
  const third = narrow.get('slow/large');
  await narrow.put('slow/other', text('beside them'), { bytesMax: 100 });
  t.is((await narrow.head('slow/other'))?.bytes, 11);
  t.is((await narrow.list('slow/')).length, 2);
  read[0]!.body.destroy();
  const found = await third;
  t.is(found?.bytes, 2 ** 25, 'who waits for a connection gets the next one');
  for (const { body } of [read[1]!, found!]) body.destroy();
});
