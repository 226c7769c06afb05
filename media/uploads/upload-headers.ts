// The headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload), read and checked. A value
// that is not of the protocol's form is told by name.

import type { IncomingHttpHeaders } from 'node:http';
import { type NewMedia } from '../../contracts/media.ts';

export const TUS_VERSION = '1.0.0';
export const TUS_EXTENSIONS = 'creation,creation-with-upload,termination,expiration,checksum';
/** By their names in the protocol, which are those of `node:crypto`. */
export const CHECKSUM_ALGORITHMS = ['sha1', 'sha256', 'sha512', 'md5'] as const;
export const CHUNK_TYPE = 'application/offset+octet-stream';
const NUMBER = /^(?:0|[1-9]\d{0,15})$/;
const METADATA_LENGTH_MAX = 4_096;
const METADATA_KEY = /^[!-+\--~]+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A header is missing or wrong. The message is for the client. */
export class HeaderError extends Error {
  readonly code = 'invalid-request';
}

/** A non-negative integer; null where the header is absent. Errors: `HeaderError`. */
export function numberHeader(headers: IncomingHttpHeaders, name: string): number | null {
  const text = headers[name];
  if (text === undefined) return null;
  if (typeof text !== 'string' || !NUMBER.test(text))
    throw new HeaderError(`${name}: must be a non-negative integer.`);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new HeaderError(`${name}: is too large.`);
  return value;
}

/**
 * `Upload-Metadata`: pairs of a key and a value in base64, with commas between; a value may be
 * missing, and no key comes twice. Errors: `HeaderError`.
 */
export function parseMetadata(header: string): Map<string, string> {
  const metadata = new Map<string, string>();
  if (header === '') return metadata;
  if (header.length > METADATA_LENGTH_MAX) throw new HeaderError('upload-metadata: is too long.');
  for (const pair of header.split(',')) {
    const [key = '', value = '', ...more] = pair.trim().split(' ');
    if (!METADATA_KEY.test(key) || more.length > 0 || !BASE64.test(value))
      throw new HeaderError('upload-metadata: must be pairs of a key and a value in base64.');
    if (metadata.has(key)) throw new HeaderError(`upload-metadata: ${key} comes twice.`);
    metadata.set(key, Buffer.from(value, 'base64').toString('utf8'));
  }
  return metadata;
}

/** `Upload-Metadata` of what is known of an upload. */
export function metadataOf({ filename, purpose }: Pick<NewMedia, 'filename' | 'purpose'>): string {
  const encode = (text: string) => Buffer.from(text).toString('base64');
  return `filename ${encode(filename)},purpose ${encode(purpose)}`;
}

export interface WantedChecksum {
  readonly algorithm: (typeof CHECKSUM_ALGORITHMS)[number];
  readonly digest: Buffer;
}

/** `Upload-Checksum`; null where it is absent. Errors: `HeaderError`. */
export function checksumHeader(headers: IncomingHttpHeaders): WantedChecksum | null {
  const text = headers['upload-checksum'];
  if (text === undefined) return null;
  const [name = '', digest = '', ...more] = String(text).trim().split(' ');
  const algorithm = CHECKSUM_ALGORITHMS.find((known) => known === name);
  if (algorithm === undefined)
    throw new HeaderError(`upload-checksum: one of ${CHECKSUM_ALGORITHMS.join(', ')}.`);
  if (digest === '' || more.length > 0 || !BASE64.test(digest))
    throw new HeaderError('upload-checksum: an algorithm and a digest in base64.');
  return { algorithm, digest: Buffer.from(digest, 'base64') };
}
