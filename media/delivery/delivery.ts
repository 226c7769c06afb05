// Delivers variants at `/m/{sha256}/{variant}.{extension}`: from the blobs, or by a redirect to
// where they are. The address names the content and the recipe, so what is there never changes and
// caches may store it for a year. Without the extension, Accept chooses the format of a picture.

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Clock } from '../../actors/clock.ts';
import type { ProblemCode } from '../../contracts/refusals.ts';
import type { Blobs, ByteRange } from '../../storage/ports/blobs.ts';
import { LeastRate, LEAST_PACE, type Pace } from '../transfers/least-rate.ts';
import { type TransferBounds, TransferSlots } from '../transfers/transfer-slots.ts';
import {
  VARIANT_NAME,
  VARIANT_TYPES,
  type VariantExtension,
  variantKey,
} from '../variants/recipes.ts';
import { extensionsFor } from './accept.ts';
import { conditionOf, rangeCounts } from './conditions.ts';
import { multipart, multipartBytes } from './multipart.ts';
import { contentRange, wantedRanges } from './ranges.ts';
import type { UrlCheck, UrlSigner } from './signed-urls.ts';

const ADDRESS = /^\/m\/([0-9a-f]{64})\/([a-z0-9-]{1,20})(?:\.([a-z0-9]{1,4}))?$/;
const YEAR_SECONDS = 31_536_000;
/** Of a redirect and of the address it leads to; the reply with it is stored for half of that. */
const PRESIGNED_SECONDS = 3_600;
/** Sizes of blobs that were asked for lately. A deleted one is gone from here after a minute. */
const SIZES_MAX = 20_000;
const SIZE_KEPT_MS = 60_000;
const TRANSFERS_MAX = 1_000;
const TRANSFERS_OF_CLIENT_MAX = 250;
const BOUNDS: TransferBounds = { max: TRANSFERS_MAX, clientMax: TRANSFERS_OF_CLIENT_MAX };
const BOUNDARY_BYTES = 18;
const RETRY_AFTER_SECONDS = '1';
const UNSIGNED: UrlCheck = { kind: 'unsigned' };

/** Of every reply. Pages of other origins may show and read media; nothing runs in them. */
export const MEDIA_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy':
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; " +
    "frame-ancestors 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'accept-ranges, content-length, content-range, etag',
};

export interface MediaPrivacy {
  /** Whether what was made of the upload with this digest is shown only to who has a signed URL. */
  readonly isPrivate: (sha256: string) => Promise<boolean>;
  /** Null where there is no secret: then no address has parameters. */
  readonly signer: UrlSigner | null;
}

export interface DeliveryOptions {
  readonly blobs: Pick<Blobs, 'get' | 'head' | 'presignedUrl'>;
  /** Null: everything is public, and no address has parameters. */
  readonly privacy: MediaPrivacy | null;
  /** `redirect`: to a presigned URL, where the blobs have them; else bytes flow through here. */
  readonly mode: 'stream' | 'redirect';
  readonly problem: (code: ProblemCode, detail?: string) => { status: number; body: string };
  /** Whose request it is, for bounds. */
  readonly clientOf: (request: IncomingMessage) => string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly bounds?: TransferBounds;
  readonly pace?: Pace;
}

/** A variant that is there, and how it may be stored. */
interface Found {
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
  readonly tag: string;
  readonly cacheControl: string;
  readonly redirectSeconds: number;
  readonly isNegotiated: boolean;
}

type Refused = readonly [code: ProblemCode, detail?: string];

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #sizes = new LRUCache<string, number>({ max: SIZES_MAX, ttl: SIZE_KEPT_MS });
  readonly #slots: TransferSlots;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#slots = new TransferSlots(options.bounds ?? BOUNDS);
  }

  /** Replies that are being sent. */
  get transfers(): number {
    return this.#slots.count;
  }

  /** False, and nothing is answered, where the path is not one of media. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    if (!path.startsWith('/m/')) return false;
    const client = this.#options.clientOf(request);
    if (!this.#slots.begin(client)) {
      this.#refuse(request, response, ['overloaded', 'Too many transfers now, or of this client.']);
      return true;
    }
    try {
      await this.#answer(request, response, path, query);
    } catch (error) {
      this.#fail(request, response, error);
    } finally {
      this.#slots.end(client);
    }
    return true;
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: string,
  ): Promise<void> {
    if (request.method === 'OPTIONS') return preflight(response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD, OPTIONS');
      return this.#refuse(request, response, ['method-not-allowed']);
    }
    const found = await this.#find(path, query, request.headers.accept);
    if (!('key' in found)) return this.#refuse(request, response, found);
    const condition = conditionOf(request.headers, found.tag);
    if (condition === 'failed')
      return this.#refuse(request, response, ['precondition-failed', 'If-Match: another tag.']);
    response.setHeader('etag', found.tag);
    if (found.isNegotiated) response.setHeader('vary', 'Accept');
    if (condition === 'not-modified') {
      head(response, 304, { 'cache-control': found.cacheControl }).end();
      return;
    }
    if (this.#options.mode === 'redirect' && (await this.#redirect(response, found))) return;
    await this.#send(request, response, found);
  }

  async #find(path: string, query: string, accept: string | undefined): Promise<Found | Refused> {
    const [, sha256, name, extension] = ADDRESS.exec(path) ?? [];
    if (sha256 === undefined || name === undefined || !VARIANT_NAME.test(name))
      return ['not-found'];
    if (extension !== undefined && !Object.hasOwn(VARIANT_TYPES, extension)) return ['not-found'];
    const now = Math.floor(this.#options.clock.now() / 1000);
    const { privacy } = this.#options;
    const signer = privacy?.signer ?? null;
    if (signer === null && query !== '') return ['forbidden', 'There are no parameters.'];
    const signed = signer?.check(path, new URLSearchParams(query), now) ?? UNSIGNED;
    if (signed.kind === 'bad')
      return ['forbidden', 'The signature is wrong; other parameters there are none.'];
    if (signed.kind === 'expired') return ['forbidden', 'The URL has expired.'];
    const isPrivate = (await privacy?.isPrivate(sha256)) ?? false;
    // Without a signature nobody learns whether it is there.
    if (isPrivate && signed.kind === 'unsigned') return ['not-found'];
    const candidates =
      extension === undefined ? extensionsFor(accept) : [extension as VariantExtension];
    for (const candidate of candidates) {
      const key = variantKey(sha256, { name, extension: candidate });
      const bytes = await this.#sizeOf(key);
      if (bytes === null) continue;
      const left = signed.kind === 'good' ? signed.expiresAt - now : YEAR_SECONDS;
      return {
        key,
        type: VARIANT_TYPES[candidate],
        bytes,
        tag: `"${sha256.slice(0, 32)}-${name}.${candidate}"`,
        cacheControl: isPrivate
          ? `private, max-age=${left}, immutable`
          : `public, max-age=${YEAR_SECONDS}, immutable`,
        redirectSeconds: isPrivate ? Math.min(left, PRESIGNED_SECONDS) : PRESIGNED_SECONDS,
        isNegotiated: extension === undefined,
      };
    }
    return ['not-found'];
  }

  async #sizeOf(key: string): Promise<number | null> {
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    const stored = await this.#options.blobs.head(key);
    if (stored !== null) this.#sizes.set(key, stored.bytes);
    return stored?.bytes ?? null;
  }

  async #redirect(response: ServerResponse, found: Found): Promise<boolean> {
    const url = await this.#options.blobs.presignedUrl(found.key, found.redirectSeconds);
    if (url === null) return false;
    const scope = found.cacheControl.startsWith('private') ? 'private' : 'public';
    const maxAge = Math.floor(found.redirectSeconds / 2);
    response.removeHeader('etag');
    head(response, 302, {
      location: url,
      'cache-control': `${scope}, max-age=${maxAge}`,
      'content-length': '0',
    }).end();
    return true;
  }

  async #send(request: IncomingMessage, response: ServerResponse, found: Found): Promise<void> {
    const { bytes, type, tag, cacheControl } = found;
    const header = rangeCounts(request.headers, tag) ? request.headers.range : undefined;
    // Range is defined for GET only.
    const wanted = wantedRanges(request.method === 'GET' ? header : undefined, bytes);
    response.setHeader('accept-ranges', 'bytes');
    if (wanted.kind === 'unsatisfiable') {
      response.setHeader('content-range', `bytes */${bytes}`);
      return this.#refuse(request, response, ['range-not-satisfiable', `It has ${bytes} bytes.`]);
    }
    const headers: Record<string, string> = { 'cache-control': cacheControl, 'content-type': type };
    const [range, ...more] = wanted.kind === 'ranges' ? wanted.ranges : [];
    if (range === undefined) {
      const whole = { ...headers, 'content-length': String(bytes) };
      if (request.method === 'HEAD') {
        head(response, 200, whole).end();
        return;
      }
      const body = await this.#open(found.key);
      head(response, 200, whole);
      return await this.#pipe(response, body);
    }
    if (more.length === 0) {
      const body = await this.#open(found.key, range);
      head(response, 206, {
        ...headers,
        'content-length': String(range.last - range.first + 1),
        'content-range': contentRange(range, bytes),
      });
      return await this.#pipe(response, body);
    }
    const boundary = randomBytes(BOUNDARY_BYTES).toString('hex');
    const parts = { ranges: [range, ...more], bytes, type, boundary };
    head(response, 206, {
      ...headers,
      'content-length': String(multipartBytes(parts)),
      'content-type': `multipart/byteranges; boundary=${boundary}`,
    });
    const open = (one: ByteRange) => this.#open(found.key, one);
    await this.#pipe(response, Readable.from(multipart({ ...parts, open })));
  }

  async #open(key: string, range?: ByteRange): Promise<Readable> {
    const read = await this.#options.blobs.get(key, range);
    if (read !== null) return read.body;
    // It was deleted since its size was asked for.
    this.#sizes.delete(key);
    throw new Error(`the blob ${key} is gone`);
  }

  async #pipe(response: ServerResponse, body: Readable): Promise<void> {
    const { socket } = response;
    const rate = new LeastRate({
      // What is left after the end waits in the socket.
      isWaiting: () =>
        response.writableNeedDrain || (response.writableEnded && !response.writableFinished),
      moved: () => (socket === null ? 0 : socket.bytesWritten - socket.writableLength),
      onSlow: () => response.destroy(),
      pace: this.#options.pace ?? LEAST_PACE,
      clock: this.#options.clock,
    });
    try {
      await pipeline(body, response);
    } finally {
      rate.stop();
    }
  }

  /** A reply that has begun can only be broken off, which its length gives away. */
  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (response.destroyed || request.destroyed) return;
    this.#options.log.warn(
      { err: error, path: request.url?.split('?', 1)[0] },
      'a delivery failed',
    );
    if (response.headersSent) response.destroy();
    else this.#refuse(request, response, ['unavailable']);
  }

  #refuse(request: IncomingMessage, response: ServerResponse, [code, detail]: Refused): void {
    const { status, body } = this.#options.problem(code, detail);
    response.removeHeader('etag');
    if (status === 503) response.setHeader('retry-after', RETRY_AFTER_SECONDS);
    head(response, status, {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'content-length': String(Buffer.byteLength(body)),
    }).end(request.method === 'HEAD' ? undefined : body);
  }
}

function preflight(response: ServerResponse): void {
  head(response, 204, {
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': 'if-match, if-none-match, if-range, range',
    'access-control-max-age': '7200',
  }).end();
}

function head(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
): ServerResponse {
  return response.writeHead(status, { ...MEDIA_HEADERS, ...headers });
}
