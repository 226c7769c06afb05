// Variants by the real process, real sharp and, where it is there, real ffmpeg.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import test from 'ava';
import { pino } from 'pino';
import sharp from 'sharp';
import { systemClock } from '../../actors/clock.ts';
import type { MediaType } from '../../media/types/media-types.ts';
import { recognise } from '../../media/types/recognise.ts';
import { PREVIEW_BYTES_MAX } from '../../media/variants/picture.ts';
import { fileNameOf, VARIANT_NAME, VARIANT_TYPES } from '../../media/variants/recipes.ts';
import { VariantMaker, type VariantMakerOptions } from '../../media/variants/variant-maker.ts';
import { blankMetadata } from '../../media/variants/video-metadata.ts';
import { chunk, mp4, picture, pngOfSize, sourceOfBytes, withChunks } from './files.ts';

const FFMPEG = ['/usr/bin/ffmpeg', '/usr/local/bin/ffmpeg'].find((path) => existsSync(path));
const log = pino({ level: 'silent' });

const root = await mkdtemp(join(tmpdir(), 'livedrops-variants-'));
const maker = new VariantMaker({ ffmpeg: FFMPEG ?? null, clock: systemClock, log });
test.after.always(async () => {
  await maker.stop();
  await rm(root, { recursive: true, force: true });
});

let files = 0;

async function make(bytes: Buffer, type: MediaType, by = maker) {
  const folder = join(root, String(++files));
  await mkdir(folder);
  const file = join(root, `${files}.upload`);
  await writeFile(file, bytes);
  return { made: await by.make(file, type, folder), folder };
}

async function makeGood(bytes: Buffer, type: MediaType, by = maker) {
  const { made, folder } = await make(bytes, type, by);
  if (!made.ok || 'poster' in made) throw new Error(JSON.stringify(made));
  return { ...made, folder };
}

async function otherMaker(
  options: Partial<VariantMakerOptions>,
  run: (by: VariantMaker) => Promise<void>,
) {
  const by = new VariantMaker({ ffmpeg: null, clock: systemClock, log, ...options });
  try {
    await run(by);
  } finally {
    await by.stop();
  }
}

test.serial('M3: a picture gets smaller widths and its own, and is never enlarged', async (t) => {
  const bytes = await picture(900, 600).jpeg().toBuffer();
  const { size, variants, folder } = await makeGood(bytes, 'image/jpeg');
  t.deepEqual(size, { width: 900, height: 600 });
  t.deepEqual(
    variants.map((variant) => `${fileNameOf(variant)} ${variant.width}x${variant.height}`),
    ['w160-1 160x107', 'w320-1 320x213', 'w640-1 640x427', 'w1280-1 900x600'].flatMap((name) =>
      ['avif', 'webp', 'jpg'].map((extension) => name.replace(' ', `.${extension} `)),
    ),
  );
  for (const variant of variants) {
    t.regex(variant.name, VARIANT_NAME);
    const stored = await readFile(join(folder, fileNameOf(variant)));
    t.is(stored.length, variant.bytes);
    const found = await recognise(sourceOfBytes(stored));
    t.true(found.ok && found.type === VARIANT_TYPES[variant.extension], fileNameOf(variant));
  }
  t.is((await readdir(folder)).length, variants.length);
});

test.serial('M3: every type of picture gets its variants', async (t) => {
  const made = picture(40, 30);
  const pictures: Partial<Record<MediaType, Buffer>> = {
    'image/png': await made.clone().png().toBuffer(),
    'image/webp': await made.clone().webp().toBuffer(),
    'image/gif': await made.clone().gif().toBuffer(),
    'image/avif': await made.clone().avif({ effort: 0 }).toBuffer(),
  };
  for (const [type, bytes] of Object.entries(pictures)) {
    const { size, variants } = await makeGood(bytes, type as MediaType);
    t.deepEqual(size, { width: 40, height: 30 });
    t.is(variants.length, 3, type);
  }
});

test.serial('M3: transparency is kept, also in the fallback', async (t) => {
  const bytes = await picture(200, 100, 4).png().toBuffer();
  const { variants, folder } = await makeGood(bytes, 'image/png');
  t.deepEqual([...new Set(variants.map(({ extension }) => extension))], ['avif', 'webp', 'png']);
  for (const variant of variants) {
    const { data } = await sharp(join(folder, fileNameOf(variant)))
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    t.true(data[3]! < 20 && data.at(-1)! > 235, fileNameOf(variant));
  }
  const opaque = await picture(20, 10).ensureAlpha().png().toBuffer();
  const ofOpaque = await makeGood(opaque, 'image/png');
  t.true(ofOpaque.variants.some(({ extension }) => extension === 'jpg'));
});

test.serial('M3: variants are upright, without EXIF, GPS, XMP or profile', async (t) => {
  const bytes = await picture(200, 100)
    .withExif({
      IFD0: { Copyright: 'somebody-at-home', Orientation: '6' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 31/1 12/1' },
    })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><here>somebody-at-home</here></x:xmpmeta>')
    .withIccProfile('p3')
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  t.true(bytes.includes('somebody-at-home'));
  const { size, variants, preview, folder } = await makeGood(bytes, 'image/jpeg');
  t.deepEqual(size, { width: 100, height: 200 });
  for (const variant of variants) {
    t.true(variant.height === 2 * variant.width);
    const file = join(folder, fileNameOf(variant));
    const { exif, xmp, icc, iptc, orientation } = await sharp(file).metadata();
    t.deepEqual([exif, xmp, icc, iptc, orientation], Array(5).fill(undefined), variant.extension);
    t.false((await readFile(file)).includes('somebody-at-home'));
  }
  t.false(Buffer.from(preview.split(',')[1]!, 'base64').includes('somebody-at-home'));
});

test.serial('M3: the preview is a small picture as a data URL', async (t) => {
  const data = randomBytes(500 * 500 * 4);
  const noise = sharp(data, { raw: { width: 500, height: 500, channels: 4 } });
  const { preview } = await makeGood(await noise.png().toBuffer(), 'image/png');
  t.true(preview.length <= PREVIEW_BYTES_MAX, `${preview.length} bytes`);
  t.true(preview.startsWith('data:image/webp;base64,'));
  const { width, height } = await sharp(Buffer.from(preview.split(',')[1]!, 'base64')).metadata();
  t.deepEqual([width, height], [24, 24]);
});

test.serial('M3: very long pictures are fitted into a box of twice its width', async (t) => {
  const { variants } = await makeGood(await picture(50, 4_000).png().toBuffer(), 'image/png');
  t.true(variants.every(({ width, height }) => width >= 1 && height <= 4_000));
  t.deepEqual(variants.find(({ name }) => name === 'w160-1')?.height, 320);
});

test.serial('M3: what cannot be decoded is refused, and the process goes on', async (t) => {
  const jpeg = await picture(64, 64).jpeg().toBuffer();
  const before = maker.pid;
  for (const [bytes, type] of [
    [Buffer.from('GIF89a/*'), 'image/gif'],
    [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 'image/png'],
    [jpeg, 'image/png'],
    [Buffer.concat([jpeg.subarray(0, 300)]), 'image/jpeg'],
  ] as const) {
    const { made } = await make(bytes, type);
    t.false(made.ok);
    t.is(!made.ok && made.reason, 'broken', JSON.stringify(made));
  }
  t.is(maker.pid, before);
  await makeGood(jpeg, 'image/jpeg');
});

test.serial('M3: bombs of pixels and of packed text are refused or harmless', async (t) => {
  const { made } = await make(pngOfSize(16_000, 8_000), 'image/png');
  t.is(!made.ok && made.reason, 'too-many-pixels');
  const empty = await make(pngOfSize(8_000, 8_000), 'image/png');
  t.is(!empty.made.ok && empty.made.reason, 'broken');
  const text = deflateSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
  const packed = chunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), text]));
  const small = withChunks(await picture(30, 20).png().toBuffer(), packed);
  const ofText = await make(small, 'image/png');
  t.true(ofText.made.ok || ofText.made.reason === 'broken', JSON.stringify(ofText.made));
});

test.serial('M3: a process that is killed is replaced, and the upload is made', async (t) => {
  const bytes = await picture(700, 500).png().toBuffer();
  await otherMaker({}, async (by) => {
    await makeGood(await picture(9, 9).png().toBuffer(), 'image/png', by);
    const first = by.pid!;
    const making = makeGood(bytes, 'image/png', by);
    process.kill(first, 'SIGKILL');
    t.is((await making).variants.length, 12);
    t.not(by.pid, first);
  });
});

test.serial('M3: an upload that ends its process twice is refused, not the next', async (t) => {
  await otherMaker(
    { program: new URL('dying-program.ts', import.meta.url).pathname },
    async (by) => {
      const { made } = await make(Buffer.from('die'), 'image/png', by);
      t.is(!made.ok && made.reason, 'too-costly');
      t.true((await make(Buffer.from('live'), 'image/png', by)).made.ok);
    },
  );
});

test.serial('M3: a machine that is at fault is told, and no file is refused for it', async (t) => {
  const program = new URL('dying-program.ts', import.meta.url).pathname;
  await otherMaker({ program }, async (by) => {
    await t.throwsAsync(make(Buffer.from('no space'), 'image/png', by), { message: /ENOSPC/ });
    t.true((await make(Buffer.from('live'), 'image/png', by)).made.ok);
  });
  await otherMaker({ program: join(root, 'nowhere.ts') }, async (by) => {
    await t.throwsAsync(make(Buffer.from('live'), 'image/png', by), { message: /not begin/ });
  });
  // The real one, where what it is to write in is not there.
  const file = join(root, 'good.upload');
  await writeFile(file, await picture(9, 9).png().toBuffer());
  await t.throwsAsync(maker.make(file, 'image/png', join(root, 'no-folder')), {
    message: /could not be made/,
  });
});

test.serial('M3: a process that hangs is ended, and the next upload is made', async (t) => {
  const program = new URL('dying-program.ts', import.meta.url).pathname;
  await otherMaker({ program, jobMaxMs: 2_000 }, async (by) => {
    const { made } = await make(Buffer.from('hang'), 'image/png', by);
    t.is(!made.ok && made.reason, 'too-costly');
    t.is(by.pid, null);
  });
});

test.serial('M3: what needs more memory than the limit is refused', async (t) => {
  const bytes = await sharp({
    create: { width: 3_000, height: 3_000, channels: 3, background: 'red' },
  })
    .avif({ effort: 0 })
    .toBuffer();
  await otherMaker({ dataBytesMax: 700 * 1024 * 1024 }, async (by) => {
    const { made } = await make(bytes, 'image/avif', by);
    t.is(!made.ok && made.reason, 'too-costly', JSON.stringify(made));
    await makeGood(await picture(9, 9).png().toBuffer(), 'image/png', by);
  });
});

test.serial('M3: a process that has grown is replaced after the upload', async (t) => {
  const program = new URL('dying-program.ts', import.meta.url).pathname;
  await otherMaker({ program }, async (by) => {
    t.true((await make(Buffer.from('live'), 'image/png', by)).made.ok);
    const first = by.pid;
    t.true((await make(Buffer.from('grow'), 'image/png', by)).made.ok);
    t.is(by.pid, null);
    t.true((await make(Buffer.from('live'), 'image/png', by)).made.ok);
    t.not(by.pid, first);
  });
});

test.serial('M3: a stop ends the process, and what waits rejects', async (t) => {
  const by = new VariantMaker({ ffmpeg: null, clock: systemClock, log });
  const bytes = await picture(700, 500).png().toBuffer();
  const making = Promise.allSettled([1, 2].map(() => make(bytes, 'image/png', by)));
  while (by.pid === null) await new Promise((resolve) => setImmediate(resolve));
  const pid = by.pid;
  await by.stop();
  t.deepEqual(
    (await making).map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  t.throws(() => process.kill(pid, 0));
});

test.serial('M3: without ffmpeg a video has no poster, and that is said', async (t) => {
  await otherMaker({}, async (by) => {
    const { made } = await make(mp4(), 'video/mp4', by);
    t.deepEqual(made, { ok: true, poster: 'no-ffmpeg' });
  });
});

const withFfmpeg = FFMPEG === undefined ? test.serial.skip : test.serial;

withFfmpeg('M3: a video gets its first frame, and loses its metadata', async (t) => {
  for (const [extension, type] of [
    ['mp4', 'video/mp4'],
    ['webm', 'video/webm'],
  ] as const) {
    const file = join(root, `film.${extension}`);
    const codec =
      extension === 'mp4' ? ['-c:v', 'mpeg4'] : ['-c:v', 'libvpx', '-deadline', 'realtime'];
    const source = 'testsrc=size=320x180:rate=5:duration=1';
    const place = ['-metadata', 'location=+52.5200+013.4050/', '-metadata', 'comment=at-home'];
    execFileSync(FFMPEG!, [
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      source,
      ...codec,
      ...place,
      '-y',
      file,
    ]);
    const bytes = await readFile(file);
    t.true(bytes.includes('at-home'));
    const found = await recognise(sourceOfBytes(bytes));
    if (!found.ok) return t.fail(found.detail);
    t.deepEqual(found.size, { width: 320, height: 180 });
    t.true(Math.abs(found.durationMs! - 1000) < 50);
    await blankMetadata(file, found.metadata);
    const blanked = await readFile(file);
    t.is(blanked.length, bytes.length);
    t.false(blanked.includes('at-home') || blanked.includes('+52.52'));
    const { size, variants } = await makeGood(blanked, type);
    t.deepEqual(size, { width: 320, height: 180 });
    t.is(variants.length, 6);
    const args = ['-v', 'error', '-i', file, '-f', 'null', '-'];
    t.is(execFileSync(FFMPEG!, args, { encoding: 'utf8' }), '', 'it still plays to its end');
  }
});

withFfmpeg('M3: a video that ffmpeg cannot decode has no poster, and that is said', async (t) => {
  const { made } = await make(mp4(), 'video/mp4');
  t.deepEqual(made, { ok: true, poster: 'not-decodable' });
});
