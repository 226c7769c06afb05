// What becomes of uploads: processed once whatever fails in between, swept where nobody goes on,
// and their variants collected once no medium has them. With real blobs, files and types; the
// variants are a stand-in's, which makes one.

import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import sharp from 'sharp';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../actors/clock.ts';
import { UPLOAD_LIFETIME_MS } from '../../contracts/bounds.ts';
import type { Media, MediaPurpose } from '../../contracts/media.ts';
import { MediaReferences } from '../../media/processing/media-references.ts';
import { MediaSweep } from '../../media/processing/media-sweep.ts';
import { Processing } from '../../media/processing/processing.ts';
import { UploadLocks } from '../../media/uploads/upload-locks.ts';
import { S3Blobs } from '../../storage/blobs/blobs-s3.ts';
import type { Blobs } from '../../storage/ports/blobs.ts';
import { startBucket } from '../storage/bucket.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';
import { UploadServers } from './upload-servers.ts';

const DAY_MS = 24 * 60 * 60_000;
const ANN = { userId: 'ann', roles: [] };
const PICTURE = await sharp({
  create: { width: 8, height: 6, channels: 3, background: '#a33' },
})
  .jpeg()
  .toBuffer();

interface Setup {
  readonly servers: UploadServers;
  readonly processing: Processing;
  readonly references: MediaReferences;
  readonly sweep: MediaSweep;
  /** Faults that making variants has, first one first. */
  readonly faults: Error[];
  begin(purpose?: MediaPurpose): Promise<Media>;
  write(media: Media, bytes: Uint8Array): Promise<void>;
  status(media: Media): Promise<string>;
  keys(prefix: string): Promise<string[]>;
}

function setUp(t: ExecutionContext, blobs?: Blobs): Setup {
  const servers = new UploadServers();
  if (blobs !== undefined) servers.blobs = blobs;
  const folder = temporaryDirectory();
  t.teardown(async () => {
    await servers.stop();
    removeDirectory(folder);
  });
  const { backend, pieces } = servers;
  const clock = {
    ...systemClock,
    now: () => Date.now() + servers.laterMs,
    // Nobody waits here for another attempt.
    after: (_delayMs: number, call: () => void) => systemClock.after(0, call),
  };
  const log = pino({ level: 'silent' });
  const locks = new UploadLocks({ backend, clock: systemClock });
  const faults: Error[] = [];
  const maker = {
    async make(file: string, _type: string, into: string) {
      const fault = faults.shift();
      if (fault !== undefined) throw fault;
      await copyFile(file, join(into, 'w160-1.webp'));
      const size = { width: 8, height: 6 };
      const variant = { name: 'w160-1', extension: 'webp', ...size, bytes: 1 } as const;
      return { ok: true, size, variants: [variant], preview: 'data:,' } as const;
    },
  };
  const shared = { blobs: servers.blobs, pieces, backend, locks, clock, log };
  const references = new MediaReferences(shared);
  const processing = new Processing({ ...shared, references, maker, folder });
  const onReceived = (mediaId: string) => processing.add(mediaId);
  const sweep = new MediaSweep({ ...shared, references, onReceived });
  return {
    servers,
    processing,
    references,
    sweep,
    faults,
    async begin(purpose = 'product') {
      const media = { filename: 'a.jpg', purpose, bytes: PICTURE.length };
      const added = await servers.useCases.add({ caller: ANN, ownerId: 'ann', media });
      if (!added.ok) throw new Error(added.code);
      await pieces.begin(added.value.id);
      return added.value;
    },
    async write({ id }, bytes) {
      const half = bytes.length >> 1;
      for (const [from, to] of [
        [0, half],
        [half, bytes.length],
      ] as const)
        await pieces.write(id, from, Readable.from([bytes.subarray(from, to)]), to - from);
    },
    async status({ id: mediaId }) {
      const found = await servers.useCases.get({ mediaId });
      return found.ok ? found.value.status : found.code;
    },
    keys: async (prefix) => (await servers.blobs.list(prefix)).map(({ key }) => key),
  };
}

/** An upload whose bytes are all there, processed. */
async function processed(setup: Setup, media: Media, bytes: Uint8Array = PICTURE): Promise<void> {
  await setup.write(media, bytes);
  await setup.servers.useCases.received({ mediaId: media.id });
  setup.processing.add(media.id);
  await settled(setup.processing);
}

async function settled(processing: Processing): Promise<void> {
  while (processing.size > 0) await pause(5);
}

test('M1: an upload becomes ready with what was found, and its pieces go', async (t) => {
  const setup = setUp(t);
  const media = await setup.begin();
  await processed(setup, media);
  const found = await setup.servers.useCases.get({ mediaId: media.id });
  t.like(found, { ok: true, value: { status: 'ready' } });
  const { content } = (found as { value: Media }).value;
  t.like(content, { kind: 'image', type: 'image/jpeg', width: 8, height: 6, preview: 'data:,' });
  const [variant] = content!.variants;
  t.like(variant, { url: `/m/${content!.sha256}/w160-1.webp`, bytes: PICTURE.length });
  const [key] = await setup.keys('variants/');
  const stored = await buffer((await setup.servers.blobs.get(key!))!.body);
  t.true(stored.equals(PICTURE));
  t.deepEqual(await setup.keys('uploads/'), []);
});

test('M1: a file that is no picture or film is refused with a reason', async (t) => {
  const setup = setUp(t);
  const media = await setup.begin('avatar');
  await processed(setup, media, Buffer.alloc(PICTURE.length, 'text'));
  const found = await setup.servers.useCases.get({ mediaId: media.id });
  t.like(found, { ok: true, value: { status: 'refused', content: null } });
  t.regex((found as { value: Media }).value.reason!, /are taken/);
  t.deepEqual(await setup.keys(''), []);
});

test('M1: processing that fails is begun anew, and loses nothing', async (t) => {
  const setup = setUp(t);
  const media = await setup.begin();
  setup.faults.push(new Error('no memory'), new Error('no disk'));
  t.is(setup.processing.oldestMs, 0);
  await setup.write(media, PICTURE);
  await setup.servers.useCases.received({ mediaId: media.id });
  setup.processing.add(media.id);
  await pause(5);
  t.true(setup.processing.size === 0 || setup.processing.oldestMs > 0);
  await settled(setup.processing);
  t.is(setup.processing.oldestMs, 0);
  t.is(await setup.status(media), 'ready');
});

test('M1: the sweep goes on with what a killed process left', async (t) => {
  const setup = setUp(t);
  const [whole, received, half] = [await setup.begin(), await setup.begin(), await setup.begin()];
  await setup.write(whole, PICTURE);
  await setup.write(received, PICTURE);
  await setup.servers.useCases.received({ mediaId: received.id });
  await setup.write(half, PICTURE.subarray(0, 100));
  await setup.sweep.run();
  await settled(setup.processing);
  t.deepEqual(await Promise.all([whole, received, half].map((one) => setup.status(one))), [
    'ready',
    'ready',
    'uploading',
  ]);
});

test('M1: an upload that nobody finished is swept, with its bytes', async (t) => {
  const setup = setUp(t);
  const [empty, half] = [await setup.begin(), await setup.begin()];
  await setup.write(half, PICTURE.subarray(0, 100));
  setup.servers.laterMs = UPLOAD_LIFETIME_MS - 60_000;
  await setup.sweep.run();
  t.is((await setup.keys('uploads/')).length, 4);
  setup.servers.laterMs = UPLOAD_LIFETIME_MS;
  await setup.sweep.run();
  t.deepEqual(await setup.keys('uploads/'), []);
  t.deepEqual([await setup.status(empty), await setup.status(half)], ['not-found', 'not-found']);
});

test('M4: an upload that has no blobs is swept, too', async (t) => {
  const setup = setUp(t);
  const media = { filename: 'a.jpg', purpose: 'product', bytes: 100 } as const;
  const added = await setup.servers.useCases.add({ caller: ANN, ownerId: 'ann', media });
  if (!added.ok) throw new Error(added.code);
  setup.servers.laterMs = UPLOAD_LIFETIME_MS - 60_000;
  await setup.sweep.run();
  t.is(await setup.status(added.value), 'uploading');
  setup.servers.laterMs = UPLOAD_LIFETIME_MS;
  await setup.sweep.run();
  t.is(await setup.status(added.value), 'not-found');
});

test('M2: variants go a day after the last medium that has them', async (t) => {
  const setup = setUp(t);
  const { references, servers } = setup;
  const [one, two] = [await setup.begin(), await setup.begin()];
  for (const media of [one, two]) await processed(setup, media);
  t.is((await setup.keys('variants/')).length, 1);
  const remove = ({ id: mediaId }: Media) => servers.useCases.remove({ caller: ANN, mediaId });
  await remove(one);
  await references.collect();
  servers.laterMs = 2 * DAY_MS;
  await references.collect();
  t.is((await setup.keys('variants/')).length, 1, 'the other one has them');
  await remove(two);
  await references.collect();
  t.is((await setup.keys('variants/')).length, 1, 'it has just gone');
  servers.laterMs = 3 * DAY_MS;
  await references.collect();
  t.deepEqual(await setup.keys(''), []);
});

test('M2: a file that is uploaded again within that day keeps its variants', async (t) => {
  const setup = setUp(t);
  const { references, servers } = setup;
  const first = await setup.begin();
  await processed(setup, first);
  await servers.useCases.remove({ caller: ANN, mediaId: first.id });
  await references.collect();
  const again = await setup.begin();
  await processed(setup, again);
  servers.laterMs = 2 * DAY_MS;
  await references.collect();
  t.is(await setup.status(again), 'ready');
  t.is((await setup.keys('variants/')).length, 1);
});

test('M2: uploads and variants are in a bucket as they are in a folder', async (t) => {
  const bucket = await startBucket();
  const setup = setUp(t, new S3Blobs(bucket.options));
  t.teardown(() => bucket.stop());
  const media = await setup.begin();
  await processed(setup, media);
  t.is(await setup.status(media), 'ready');
  const [key] = await setup.keys('variants/');
  const stored = await buffer((await setup.servers.blobs.get(key!))!.body);
  t.true(stored.equals(PICTURE));
  t.deepEqual(await setup.keys('uploads/'), []);
});
