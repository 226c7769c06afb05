// Files made for tests: small ones of every type, by sharp or by hand.

import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import type { ByteSource } from '../../media/types/byte-source.ts';

/** A picture with something in it: a gradient with a bright square. */
export function picture(width: number, height: number, channels: 3 | 4 = 3): Sharp {
  const data = Buffer.alloc(width * height * channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * channels;
      data[at] = (x * 255) / width;
      data[at + 1] = (y * 255) / height;
      data[at + 2] = x < width / 2 && y < height / 2 ? 255 : 40;
      if (channels === 4) data[at + 3] = x < width / 2 ? 0 : 255;
    }
  return sharp(data, { raw: { width, height, channels } });
}

/** A chunk of a PNG. */
export function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([ends.subarray(0, 4), named, ends.subarray(4)]);
}

/** Puts chunks in behind the header of a PNG. */
export function withChunks(png: Buffer, ...chunks: readonly Buffer[]): Buffer {
  const headerEnd = 8 + 12 + 13;
  return Buffer.concat([png.subarray(0, headerEnd), ...chunks, png.subarray(headerEnd)]);
}

/** A PNG that says this size and has no pixels of it. */
export function pngOfSize(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const chunks = [
    chunk('IHDR', header),
    chunk('IDAT', Buffer.alloc(9)),
    chunk('IEND', Buffer.of()),
  ];
  return Buffer.concat([signature, ...chunks]);
}

/** A box of an ISO base media file. */
export function box(type: string, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, content]);
}

export interface Mp4Options {
  readonly handler?: string;
  readonly userData?: Buffer;
  /** A further track, at the end of the movie's. */
  readonly track?: Buffer;
  /** Further boxes, behind the others. */
  readonly more?: readonly Buffer[];
}

/** A track of metadata whose two samples are in two chunks, at these places. */
export function metadataTrack(at: readonly [number, number], bytes: number): Buffer {
  const kind = Buffer.alloc(24);
  kind.write('meta', 8, 'latin1');
  const numbers = (...values: readonly number[]) => {
    const table = Buffer.alloc(4 * values.length);
    for (const [i, value] of values.entries()) table.writeUInt32BE(value, 4 * i);
    return table;
  };
  const tables = box(
    'stbl',
    box('stsz', numbers(0, 0, 2, bytes, bytes)),
    box('stsc', numbers(0, 1, 1, 1, 1)),
    box('stco', numbers(0, 2, ...at)),
  );
  const media = box('mdia', box('hdlr', kind), box('minf', tables));
  return box('trak', box('tkhd', Buffer.alloc(84)), media);
}

/** The boxes of an MP4 of 640 x 360 and 2.5 s, without anything that decodes. */
export function mp4({ handler = 'vide', userData, track, more = [] }: Mp4Options = {}): Buffer {
  const movieHeader = Buffer.alloc(100);
  movieHeader.writeUInt32BE(1000, 12);
  movieHeader.writeUInt32BE(2500, 16);
  const trackHeader = Buffer.alloc(84);
  trackHeader.writeUInt32BE(640 << 16, 76);
  trackHeader.writeUInt32BE(360 << 16, 80);
  const kind = Buffer.alloc(24);
  kind.write(handler, 8, 'latin1');
  return Buffer.concat([
    box('ftyp', Buffer.from('isom\0\0\0\x01isommp42', 'latin1')),
    box(
      'moov',
      box('mvhd', movieHeader),
      box('trak', box('tkhd', trackHeader), box('mdia', box('hdlr', kind))),
      ...(userData === undefined ? [] : [box('udta', userData)]),
      ...(track === undefined ? [] : [track]),
    ),
    box('mdat', Buffer.alloc(100, 7)),
    ...more,
  ]);
}

/** An EBML element; `null` is a length that is not known. */
export function element(id: number, content: Uint8Array | null, lengthBytes = 4): Buffer {
  const head = Buffer.from(id.toString(16).padStart(id > 0xffff ? 8 : 2, '0'), 'hex');
  const length = Buffer.alloc(lengthBytes, 0xff);
  length[0] = 0xff >> (lengthBytes - 1);
  if (content !== null) {
    length.writeUIntBE(content.length, 0, lengthBytes);
    length[0] |= 0x80 >> (lengthBytes - 1);
  }
  return Buffer.concat([head, length, content ?? Buffer.of()]);
}

export interface WebmOptions {
  readonly docType?: string;
  readonly tags?: Buffer;
  /** As browsers record: the segment and its clusters do not say how long they are. */
  readonly live?: boolean;
}

/** The elements of a WebM of 320 x 240 and 1.5 s, without anything that decodes. */
export function webm({ docType = 'webm', tags, live = false }: WebmOptions = {}): Buffer {
  const duration = Buffer.alloc(8);
  duration.writeDoubleBE(1500);
  const video = Buffer.concat([element(0xb0, Buffer.of(1, 64)), element(0xba, Buffer.of(240))]);
  const track = Buffer.concat([element(0x83, Buffer.of(1)), element(0xe0, video)]);
  const block = Buffer.concat([element(0xe7, Buffer.of(0)), element(0xa3, Buffer.alloc(50, 1))]);
  const info = Buffer.concat([
    Buffer.from('2ad7b1', 'hex'),
    Buffer.of(0x83, 0x0f, 0x42, 0x40),
    Buffer.from('4489', 'hex'),
    Buffer.of(0x88),
    duration,
  ]);
  const cluster = live
    ? Buffer.concat([element(0x1f43b675, null, 8), block])
    : element(0x1f43b675, block);
  const inSegment = Buffer.concat([
    element(0x1549a966, info),
    element(0x1654ae6b, element(0xae, track)),
    cluster,
    cluster,
    ...(tags === undefined ? [] : [element(0x1254c367, tags)]),
  ]);
  const header = Buffer.concat([
    Buffer.from('4282', 'hex'),
    Buffer.of(0x80 + docType.length),
    Buffer.from(docType),
  ]);
  return Buffer.concat([
    element(0x1a45dfa3, header),
    live
      ? Buffer.concat([element(0x18538067, null, 8), inSegment])
      : element(0x18538067, inSegment),
  ]);
}

/** A ZIP archive with one stored file. */
export function zip(name: string, content: Buffer, before = 0): Buffer {
  const sum = crc32(content);
  const local = Buffer.alloc(30);
  local.write('PK\x03\x04', 'latin1');
  local.writeUInt32LE(sum, 14);
  local.writeUInt32LE(content.length, 18);
  local.writeUInt32LE(content.length, 22);
  local.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.write('PK\x01\x02', 'latin1');
  local.copy(entry, 16, 14, 30);
  entry.writeUInt32LE(before, 42);
  const directory = Buffer.concat([entry, Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(before + 30 + name.length + content.length, 16);
  return Buffer.concat([local, Buffer.from(name), content, directory, end]);
}

export function sourceOfBytes(bytes: Uint8Array): ByteSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    bytes: buffer.length,
    read: async (offset, length) => buffer.subarray(offset, offset + length),
  };
}
