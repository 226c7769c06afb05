// Signs that a file is a second type as well: a picture that a browser could take for a page, that
// unpacks as an archive, or that a reader opens as a document. Pictures are only ever delivered as
// made anew, and every reply forbids to guess a type; this refuses such a file all the same, since
// nobody makes one by mistake.

import type { ByteReader } from './byte-source.ts';
import type { MediaType } from './media-types.ts';

/** The longest head that browsers guess a type from (WHATWG MIME Sniffing, resource header). */
const SNIFFED_BYTES = 1_445;
/** Readers of PDF look for its header so far in. */
const PDF_HEAD_BYTES = 1_024;
const MARKUP = /<(?:!doctype|html|head|body|script|iframe|svg|\?php)[\s>/]/i;
const ARCHIVES = ['Rar!\x1a\x07', "7z\xbc\xaf'\x1c", 'PK\x03\x04', '%PDF-'];
/** What may follow the end of any file: padding. */
const PADDING_BYTES_MAX = 4_096;
const TAIL_BYTES_MAX = 64 * 1024;

const ZIP_END = 'PK\x05\x06';
const ZIP_END_BYTES = 22;
const ZIP_COMMENT_BYTES_MAX = 0xffff;
const ZIP_ENTRY = 'PK\x01\x02';

/**
 * One sentence that says what else the file is, or null. `end`: where its own type ends. Cameras
 * append previews, depth maps and short videos to JPEG, so what follows one is allowed unless it
 * is markup or an archive; behind the other types there is padding at most.
 */
export async function secondTypeOf(
  reader: ByteReader,
  type: MediaType,
  end: number,
): Promise<string | null> {
  const head = await textAt(reader, 0, SNIFFED_BYTES);
  if (MARKUP.test(head)) return 'It has markup in its head.';
  if (head.slice(0, PDF_HEAD_BYTES).includes('%PDF-')) return 'It is a PDF as well.';
  if (await isZip(reader)) return 'It is a ZIP archive as well.';
  if (end === reader.bytes) return null;
  const tail = await textAt(reader, end, TAIL_BYTES_MAX);
  const isPadding = reader.bytes - end <= PADDING_BYTES_MAX && /^[\0\s]*$/.test(tail);
  if (isPadding) return null;
  if (type !== 'image/jpeg') return 'Other bytes follow its end.';
  if (MARKUP.test(tail)) return 'Markup follows its end.';
  return ARCHIVES.some((sign) => tail.includes(sign)) ? 'Another file follows its end.' : null;
}

async function textAt(reader: ByteReader, offset: number, length: number): Promise<string> {
  const bytes = await reader.take(offset, Math.min(length, reader.bytes - offset));
  return bytes?.toString('latin1') ?? '';
}

/** A ZIP is read from its end: a record there names the directory before it. */
async function isZip(reader: ByteReader): Promise<boolean> {
  const length = Math.min(reader.bytes, ZIP_END_BYTES + ZIP_COMMENT_BYTES_MAX);
  const start = reader.bytes - length;
  const tail = await reader.take(start, length);
  if (tail === null) return false;
  for (let at = tail.lastIndexOf(ZIP_END); at >= 0; at = before(tail, at)) {
    if (at + ZIP_END_BYTES > tail.length) continue;
    const directoryBytes = tail.readUInt32LE(at + 12);
    const directory = start + at - directoryBytes;
    if (directoryBytes === 0 || directory < 0) continue;
    const first = await reader.take(directory, ZIP_ENTRY.length);
    if (first?.toString('latin1') === ZIP_ENTRY) return true;
  }
  return false;
}

function before(tail: Buffer, at: number): number {
  return at === 0 ? -1 : tail.lastIndexOf(ZIP_END, at - 1);
}
