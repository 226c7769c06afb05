// What is taken for media, from bytes alone, and what is refused with which reason.

import test from 'ava';
import * as fc from 'fast-check';
import { recognise } from '../../media/types/recognise.ts';
import {
  box,
  chunk,
  element,
  metadataTrack,
  mp4,
  picture,
  pngOfSize,
  sourceOfBytes,
  webm,
  withChunks,
  zip,
} from './files.ts';

const samples: Readonly<Record<string, Buffer>> = {
  'image/jpeg': await picture(60, 40).jpeg().toBuffer(),
  'image/png': await picture(60, 40).png().toBuffer(),
  'image/webp': await picture(60, 40).webp().toBuffer(),
  'image/gif': await picture(60, 40).gif().toBuffer(),
  'image/avif': await picture(60, 40).avif({ effort: 0 }).toBuffer(),
  'video/mp4': mp4(),
  'video/webm': webm(),
};
const jpeg = samples['image/jpeg']!;
const png = samples['image/png']!;

async function outcome(bytes: Uint8Array): Promise<string> {
  const found = await recognise(sourceOfBytes(bytes));
  return found.ok ? found.type : found.reason;
}

for (const [type, bytes] of Object.entries(samples))
  test(`M1: ${type} is known by its bytes, and its size where the file tells it`, async (t) => {
    const found = await recognise(sourceOfBytes(bytes));
    if (!found.ok) return t.fail(found.detail);
    t.is(found.type, type as typeof found.type);
    const size = {
      'image/avif': null,
      'video/mp4': { width: 640, height: 360 },
      'video/webm': { width: 320, height: 240 },
    }[type];
    t.deepEqual(found.size, size === undefined ? { width: 60, height: 40 } : size);
    t.is(found.durationMs, { 'video/mp4': 2500, 'video/webm': 1500 }[type] ?? null);
  });

test('M1: other ways to write the same types are known as well', async (t) => {
  const progressive = await picture(60, 40).jpeg({ progressive: true }).toBuffer();
  t.is(await outcome(progressive), 'image/jpeg');
  t.is(await outcome(await picture(9, 9).webp({ lossless: true }).toBuffer()), 'image/webp');
  t.is(await outcome(await picture(9, 9, 4).webp().toBuffer()), 'image/webp');
  t.is(await outcome(await picture(9, 9).png({ progressive: true }).toBuffer()), 'image/png');
  t.is(await outcome(webm({ live: true })), 'video/webm');
  const two = await Promise.all([1, 2].map(() => picture(9, 9).png().toBuffer()));
  const { default: sharp } = await import('sharp');
  t.is(
    await outcome(
      await sharp(two, { join: { animated: true } })
        .gif()
        .toBuffer(),
    ),
    'image/gif',
  );
  t.is(
    await outcome(
      await sharp(two, { join: { animated: true } })
        .webp()
        .toBuffer(),
    ),
    'image/webp',
  );
});

test('M1: whatever else it is, it is refused by its type', async (t) => {
  const others = {
    'nothing at all': '',
    'one byte': '\xff',
    'a text': 'hello',
    'an SVG': '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    'an SVG with a declaration': '<?xml version="1.0"?><svg onload="alert(1)"/>',
    'an SVG with an entity bomb': '<!DOCTYPE svg [<!ENTITY a "&b;&b;">]><svg>&a;</svg>',
    'a page': '<!doctype html><script>alert(1)</script>',
    'a PDF': '%PDF-1.7\n',
    'a TIFF': 'II*\0\x08\0\0\0',
    'a BMP': `BM${'\0'.repeat(60)}`,
    'a playlist': '#EXTM3U\nfile:///etc/passwd\n',
    'a gzip': '\x1f\x8b\x08\0',
  };
  for (const [name, text] of Object.entries(others))
    t.is(await outcome(Buffer.from(text, 'latin1')), 'type', name);
  t.is(await outcome(zip('a.txt', Buffer.from('hello'))), 'type');
  t.is(await outcome(webm({ docType: 'matroska' })), 'type');
  t.is(await outcome(box('ftyp', Buffer.from('qt  \0\0\0\0qt  ', 'latin1'))), 'type');
  const refused = await recognise(sourceOfBytes(Buffer.from('%PDF-1.7\n')));
  if (refused.ok) return t.fail();
  t.regex(refused.detail, /application\/pdf.*JPG.*WEBM are taken/);
});

for (const [type, bytes] of Object.entries(samples))
  test(`M1: ${type} that ends anywhere before its end is broken`, async (t) => {
    const cuts = new Set([12, 13, 40, Math.floor(bytes.length / 2), bytes.length - 1]);
    for (const cut of cuts) {
      const found = await outcome(bytes.subarray(0, cut));
      t.true(found === 'broken' || (cut <= 40 && found === 'type'), `${cut} bytes: ${found}`);
    }
  });

test('M1: a PNG with a flipped bit is broken', async (t) => {
  const flipped = Buffer.from(png);
  const at = png.indexOf('IDAT') + 10;
  flipped[at] = flipped[at]! ^ 1;
  t.is(await outcome(flipped), 'broken');
});

test('M1: files without a picture or a video in them are broken', async (t) => {
  const soundOnly = mp4({ handler: 'soun' });
  t.is(await outcome(soundOnly), 'broken');
  t.is(await outcome(Buffer.from('GIF89a\x01\0\x01\0\0\0\0;', 'latin1')), 'broken');
  t.is(await outcome(Buffer.from('\xff\xd8\xff\xd9', 'latin1')), 'broken');
  t.is(await outcome(box('ftyp', Buffer.from('isom\0\0\0\0isom', 'latin1'))), 'broken');
});

test('M3: giant sizes are refused before anything is decoded', async (t) => {
  t.is(await outcome(pngOfSize(100_000, 10)), 'too-many-pixels');
  t.is(await outcome(pngOfSize(16_000, 16_000)), 'too-many-pixels');
  t.is(await outcome(pngOfSize(0, 10)), 'broken');
  t.is(await outcome(pngOfSize(8_192, 8_192)), 'image/png');
  const gif = Buffer.from(samples['image/gif']!);
  gif.writeUInt16LE(65_535, 6);
  t.is(await outcome(gif), 'too-many-pixels');
});

test('M3: a file that is a second type as well is refused as a polyglot', async (t) => {
  const archive = zip('a.txt', Buffer.from('hello'));
  for (const [type, bytes] of Object.entries(samples)) {
    const found = await outcome(Buffer.concat([bytes, archive]));
    // Boxes fill an MP4 or an AVIF to its last byte, so whatever follows is a box that is wrong.
    const expected = type === 'image/avif' || type === 'video/mp4' ? 'broken' : 'polyglot';
    t.is(found, expected, `${type} with a ZIP behind it`);
  }
  t.is(await outcome(mp4({ more: [box('free', archive)] })), 'polyglot');
  const comment = Buffer.from('<html><script>alert(1)</script>');
  const inComment = Buffer.concat([
    jpeg.subarray(0, 2),
    Buffer.of(0xff, 0xfe, 0, comment.length + 2),
    comment,
    jpeg.subarray(2),
  ]);
  t.is(await outcome(inComment), 'polyglot');
  t.is(await outcome(withChunks(png, chunk('tEXt', Buffer.from('%PDF-1.7')))), 'polyglot');
  t.is(await outcome(withChunks(png, chunk('tEXt', Buffer.from('<svg onload=a>')))), 'polyglot');
  t.is(await outcome(Buffer.concat([jpeg, Buffer.from('\n<script>1</script>')])), 'polyglot');
  t.is(await outcome(Buffer.concat([png, Buffer.from('some more')])), 'polyglot');
  t.is(await outcome(Buffer.concat([webm(), Buffer.from('some more')])), 'polyglot');
});

test('M3: padding, and what cameras append to JPEG, is no second type', async (t) => {
  t.is(await outcome(Buffer.concat([png, Buffer.alloc(100)])), 'image/png');
  t.is(await outcome(Buffer.concat([png, Buffer.from('\r\n')])), 'image/png');
  t.is(await outcome(Buffer.concat([jpeg, jpeg])), 'image/jpeg', 'a preview');
  t.is(await outcome(Buffer.concat([jpeg, mp4()])), 'image/jpeg', 'a short video');
  t.is(await outcome(Buffer.concat([jpeg, Buffer.from('PK\x05\x06')])), 'image/jpeg');
});

test('M3: what a video tells besides itself is found, and can be blanked in place', async (t) => {
  const place = Buffer.from('+52.5200+013.4050/');
  const video = mp4({ userData: place, more: [box('uuid', Buffer.alloc(16), place)] });
  const found = await recognise(sourceOfBytes(video));
  if (!found.ok) return t.fail(found.detail);
  t.deepEqual(
    found.metadata.map(({ header }) => header.toString('latin1', 4, 8)),
    ['free', 'free'],
  );
  const tagged = webm({ tags: element(0xec, place) });
  const ofWebm = await recognise(sourceOfBytes(tagged));
  if (!ofWebm.ok) return t.fail(ofWebm.detail);
  t.is(ofWebm.metadata.length, 1);
  for (const [bytes, { metadata }] of [
    [video, found],
    [tagged, ofWebm],
  ] as const) {
    const blanked = Buffer.from(bytes);
    for (const { offset, header, bytes: length } of metadata) {
      blanked.fill(0, offset, offset + length);
      header.copy(blanked, offset);
    }
    t.false(blanked.includes(place));
    const again = await recognise(sourceOfBytes(blanked));
    t.true(again.ok && again.metadata.length === 0);
  }
});

test('M3: a track of metadata is found with its samples', async (t) => {
  const place = Buffer.from('N 52.52 E 13.40');
  const free = () => [box('free', place), box('free', Buffer.from('between')), box('free', place)];
  const layout = mp4({ track: metadataTrack([0, 0], place.length), more: free() });
  const [first, second] = [layout.indexOf(place), layout.lastIndexOf(place)];
  const video = mp4({ track: metadataTrack([first, second], place.length), more: free() });
  const found = await recognise(sourceOfBytes(video));
  if (!found.ok) return t.fail(found.detail);
  for (const { offset, header, bytes } of found.metadata) {
    video.fill(0, offset, offset + bytes);
    header.copy(video, offset);
  }
  t.false(video.includes(place) || video.includes('stsz'));
  t.true(video.includes('between'));
  const again = await recognise(sourceOfBytes(video));
  t.true(again.ok && again.metadata.length === 0);
  const endless = mp4({ track: metadataTrack([0, 0], layout.length - 1), more: free() });
  t.is(await outcome(endless), 'broken');
});

test('M3: a film of too many parts, or of too many metadata, is refused with a reason', async (t) => {
  const why = async (bytes: Buffer) => {
    const found = await recognise(sourceOfBytes(bytes));
    return found.ok ? 'taken' : found.detail;
  };
  const many = (one: Buffer, count: number) => Buffer.alloc(one.length * count, one);
  const voids = many(element(0xec, Buffer.of(), 1), 1_000_001);
  const within = (id: number, content: Buffer) =>
    Buffer.concat([webm({ live: true }), element(id, content)]);
  t.regex(await why(within(0x1654ae6b, voids)), /too many parts/, 'in its tracks');
  const tags = many(element(0x1254c367, Buffer.of(), 1), 100_001);
  t.regex(await why(Buffer.concat([webm({ live: true }), tags])), /too many metadata/);
  const free = many(box('free'), 1_000_001);
  t.regex(await why(mp4({ more: [free] })), /too many parts/);
  t.regex(await why(mp4({ more: [many(box('udta'), 100_001)] })), /too many metadata/);
});

test('M3: all tracks together blank no more bytes than a film has', async (t) => {
  const more = [box('free', Buffer.alloc(4_000))];
  // Each track for itself is within the file.
  const tracks = (count: number) =>
    Buffer.concat(Array.from({ length: count }, () => metadataTrack([0, 0], 1_000)));
  t.is(await outcome(mp4({ track: tracks(2), more })), 'video/mp4');
  const found = await recognise(sourceOfBytes(mp4({ track: tracks(9), more })));
  t.regex(found.ok ? '' : found.detail, /longer than the file/);
});

test('M1: no bytes make it throw, or read a small file over and over', async (t) => {
  const some = fc.constantFrom(...Object.values(samples));
  const changed = fc.tuple(some, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }));
  await fc.assert(
    fc.asyncProperty(changed, async ([bytes, changes]) => {
      const copy = Buffer.from(bytes);
      for (const [at, value] of changes) copy[at % copy.length] = value;
      let reads = 0;
      const source = sourceOfBytes(copy);
      const found = await recognise({
        bytes: copy.length,
        read: (offset, length) => {
          reads += 1;
          return source.read(offset, length);
        },
      });
      t.is(typeof found.ok, 'boolean');
      t.true(reads < 200, `${reads} reads`);
    }),
    { numRuns: 500 },
  );
});
