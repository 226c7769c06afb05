// The body of a reply with several ranges: multipart/byteranges (RFC 9110, section 14.6).

import type { Readable } from 'node:stream';
import type { ByteRange } from '../../storage/ports/blobs.ts';
import { contentRange } from './ranges.ts';

export interface MultipartOptions {
  readonly ranges: readonly ByteRange[];
  /** Of the whole blob. */
  readonly bytes: number;
  /** The media type of the whole. */
  readonly type: string;
  /** Must not occur in the blob: random, of 70 characters at most. */
  readonly boundary: string;
  readonly open: (range: ByteRange) => Promise<Readable>;
}

/** Of the whole body. */
export function multipartBytes(options: Omit<MultipartOptions, 'open'>): number {
  const parts = options.ranges.map(
    (range) => headOf(options, range).length + range.last - range.first + 1,
  );
  return parts.reduce((sum, length) => sum + length, 0) + endOf(options).length;
}

/** One range after the other, each opened when the one before it is sent. */
export async function* multipart(options: MultipartOptions): AsyncGenerator<Uint8Array> {
  for (const range of options.ranges) {
    yield Buffer.from(headOf(options, range), 'latin1');
    yield* await options.open(range);
  }
  yield Buffer.from(endOf(options), 'latin1');
}

type Framing = Pick<MultipartOptions, 'bytes' | 'type' | 'boundary' | 'ranges'>;

function headOf({ bytes, type, boundary, ranges }: Framing, range: ByteRange): string {
  const before = range === ranges[0] ? '' : '\r\n';
  return (
    `${before}--${boundary}\r\ncontent-type: ${type}\r\n` +
    `content-range: ${contentRange(range, bytes)}\r\n\r\n`
  );
}

function endOf({ boundary }: Framing): string {
  return `\r\n--${boundary}--\r\n`;
}
