// Resumable uploads by tus 1.0.0 (https://tus.io/protocols/resumable-upload) at `/v1/uploads`:
// core, creation, creation-with-upload, termination, expiration and checksum. Who may upload and
// how much, the process behind decides (`media/media-backend.ts`). Bytes are acknowledged when they
// are durable (`upload-pieces.ts`). One piece of each request is in memory at a time.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { VIDEO_BYTES_MAX } from '../../contracts/bounds.ts';
import { CALLER, type Media } from '../../contracts/media.ts';
import { USER_ID } from '../../contracts/patterns.ts';
import type { ProblemCode } from '../../contracts/refusals.ts';
import type { BackendReply, BackendRequest, MediaBackend } from '../media-backend.ts';
import { ClientGoneError } from './upload-body.ts';
import {
  checksumHeader,
  CHECKSUM_ALGORITHMS,
  CHUNK_TYPE,
  HeaderError,
  metadataOf,
  numberHeader,
  parseMetadata,
  TUS_EXTENSIONS,
  TUS_VERSION,
} from './upload-headers.ts';
import { BackendRefusal, refusalOf, UploadRefusal } from './upload-refusals.ts';
import { UploadWrites, type UploadWritesOptions } from './upload-writes.ts';

const UPLOADS = '/v1/uploads';
const UPLOAD = /^\/v1\/uploads\/([a-z0-9_]{1,80})$/;
const OWNER = new RegExp(USER_ID);
/** Of a body that is refused: more is not read, and the connection ends. */
const DRAINED_BYTES_MAX = 256 * 1024;

export interface UploadsOptions extends UploadWritesOptions {
  readonly backend: MediaBackend;
  /** Of a request: by its connection, or by what a proxy says. */
  readonly addressOf: (request: IncomingMessage) => string;
  /** The media origin, without a slash at its end; empty where clients know it. */
  readonly origin: string;
  readonly problem: (code: ProblemCode, detail?: string) => { status: number; body: string };
  readonly log: Logger;
}

export class Uploads {
  readonly #options: UploadsOptions;
  readonly #writes: UploadWrites;

  constructor(options: UploadsOptions) {
    this.#options = options;
    this.#writes = new UploadWrites(options);
  }

  /** Requests that bring bytes now. */
  get writes(): number {
    return this.#writes.count;
  }

  /** Requests that wait until they may bring bytes. */
  get waiting(): number {
    return this.#writes.waiting;
  }

  /** False, and nothing is answered, where the path is not one of uploads. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const mediaId = UPLOAD.exec(path)?.[1] ?? null;
    if (mediaId === null && path !== UPLOADS) return false;
    response.setHeader('tus-resumable', TUS_VERSION);
    response.setHeader('cache-control', 'no-store');
    try {
      await this.#answer(request, response, mediaId);
    } catch (error) {
      this.#fail(request, response, error as Error);
    }
    return true;
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    mediaId: string | null,
  ): Promise<void> {
    const { headers } = request;
    // Some clients cannot send every method.
    const override = headers['x-http-method-override'];
    const method = typeof override === 'string' ? override.toUpperCase() : request.method!;
    if (method === 'OPTIONS') return describe(response);
    if (headers['tus-resumable'] !== TUS_VERSION)
      throw new UploadRefusal('tus-version', `Tus-Resumable: ${TUS_VERSION} is spoken here.`, {
        'tus-version': TUS_VERSION,
      });
    if (mediaId === null && method === 'POST') return await this.#create(request, response);
    if (mediaId !== null && method === 'HEAD') return await this.#head(request, response, mediaId);
    if (mediaId !== null && method === 'PATCH')
      return await this.#patch(request, response, mediaId);
    if (mediaId !== null && method === 'DELETE')
      return await this.#terminate(request, response, mediaId);
    const allow = mediaId === null ? 'OPTIONS, POST' : 'OPTIONS, HEAD, PATCH, DELETE';
    throw new UploadRefusal('method-not-allowed', `Allowed: ${allow}.`, { allow });
  }

  async #create(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers } = request;
    if (headers['upload-defer-length'] !== undefined)
      throw new HeaderError('upload-defer-length: the length must be known at the beginning.');
    const bytes = numberHeader(headers, 'upload-length');
    if (bytes === null) throw new HeaderError('upload-length: is missing.');
    if (bytes > VIDEO_BYTES_MAX)
      throw new UploadRefusal('media-too-large', `At most ${VIDEO_BYTES_MAX} bytes.`);
    const metadata = parseMetadata(String(headers['upload-metadata'] ?? ''));
    const withBytes = bringsBytes(request);
    const checksum = withBytes ? checksumHeader(headers) : null;
    const owner = metadata.get('owner') ?? CALLER;
    if (owner !== CALLER && !OWNER.test(owner)) throw new HeaderError('owner: is no id of a user.');
    const body = JSON.stringify({
      filename: metadata.get('filename'),
      purpose: metadata.get('purpose'),
      bytes,
    });
    const path = `/v1/creators/${encodeURIComponent(owner)}/uploads`;
    const reply = await this.#dispatch(request, { method: 'POST', path, body });
    const media = mediaOf(reply);
    const isRepeat = reply.headers.some(([name]) => name === 'idempotency-replayed');
    // The first try may have ended before this; what it brought stays.
    if (isRepeat) await this.#options.pieces.begin(media.id);
    else await this.#begin(request, media);
    response.setHeader('location', `${this.#options.origin}${UPLOADS}/${media.id}`);
    setExpires(response, media);
    if (withBytes) {
      const { offset: before } = isRepeat ? await this.#writes.stateOf(media) : { offset: 0 };
      // What a first try brought is there: the client goes on behind it.
      if (before > 0) this.#drain(request, response);
      const offset = before > 0 ? before : await this.#writes.write(request, media, 0, checksum);
      response.setHeader('upload-offset', offset);
    }
    response.writeHead(201, { 'content-length': '0' }).end();
  }

  /** What cannot begin is not known afterwards, so that it takes no room. */
  async #begin(request: IncomingMessage, { id }: Media): Promise<void> {
    try {
      await this.#options.pieces.begin(id);
    } catch (error) {
      const path = `${UPLOADS}/${id}`;
      const { status } = await this.#dispatch(request, { method: 'DELETE', path, body: '' });
      if (status !== 204) this.#options.log.warn({ mediaId: id, status }, 'an upload stays behind');
      throw error;
    }
  }

  async #head(request: IncomingMessage, response: ServerResponse, mediaId: string): Promise<void> {
    const media = await this.#ownUpload(request, mediaId);
    const { offset } = await this.#writes.stateOf(media);
    // The process may have ended between the last byte and saying so.
    if (offset === media.bytes) await this.#writes.received(media);
    response.setHeader('upload-offset', offset);
    response.setHeader('upload-length', media.bytes);
    response.setHeader('upload-metadata', metadataOf(media));
    setExpires(response, media);
    response.writeHead(200).end();
  }

  async #patch(request: IncomingMessage, response: ServerResponse, mediaId: string): Promise<void> {
    const { headers } = request;
    if (!bringsBytes(request))
      throw new UploadRefusal('unsupported-media-type', `Use content-type: ${CHUNK_TYPE}.`);
    const from = numberHeader(headers, 'upload-offset');
    if (from === null) throw new HeaderError('upload-offset: is missing.');
    const checksum = checksumHeader(headers);
    const media = await this.#ownUpload(request, mediaId);
    const offset = await this.#writes.write(request, media, from, checksum);
    response.setHeader('upload-offset', offset);
    setExpires(response, media);
    response.writeHead(204).end();
  }

  async #terminate(
    request: IncomingMessage,
    response: ServerResponse,
    mediaId: string,
  ): Promise<void> {
    const media = await this.#ownUpload(request, mediaId);
    const lock = await this.#options.locks.acquire(mediaId);
    try {
      const path = `${UPLOADS}/${media.id}`;
      const reply = await this.#dispatch(request, { method: 'DELETE', path, body: '' });
      if (reply.status !== 204) throw new BackendRefusal(reply);
      await this.#options.pieces.remove(mediaId);
    } finally {
      await lock.release();
    }
    response.writeHead(204).end();
  }

  /** The upload, where the caller may go on with it. */
  async #ownUpload(request: IncomingMessage, mediaId: string): Promise<Media> {
    const path = `${UPLOADS}/${mediaId}`;
    const media = await this.#ask(request, { method: 'GET', path, body: '' });
    const { expiresAt } = media;
    if (expiresAt !== null && expiresAt <= this.#options.clock.now())
      throw new UploadRefusal('not-found', 'The upload was not finished in time.');
    return media;
  }

  async #ask(
    request: IncomingMessage,
    asked: Pick<BackendRequest, 'method' | 'path' | 'body'>,
  ): Promise<Media> {
    return mediaOf(await this.#dispatch(request, asked));
  }

  async #dispatch(
    request: IncomingMessage,
    asked: Pick<BackendRequest, 'method' | 'path' | 'body'>,
  ): Promise<BackendReply> {
    return await this.#options.backend.dispatch({
      ...asked,
      authorization: request.headers.authorization ?? '',
      key: asked.method === 'POST' ? String(request.headers['idempotency-key'] ?? '') : '',
      address: this.#options.addressOf(request),
    });
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: Error): void {
    if (error instanceof ClientGoneError || response.headersSent) {
      request.destroy();
      return;
    }
    const isWritten = this.#refuse(response, error);
    if (!isWritten) this.#options.log.error({ err: error }, 'an upload met a defect');
    this.#drain(request, response);
  }

  /** What is not read of the body would delay the reply. */
  #drain(request: IncomingMessage, response: ServerResponse): void {
    response.shouldKeepAlive = false;
    let drained = 0;
    request.on('data', (chunk: Buffer) => {
      drained += chunk.length;
      if (drained > DRAINED_BYTES_MAX) request.destroy();
    });
  }

  /** False where it is a defect. */
  #refuse(response: ServerResponse, error: Error): boolean {
    response.shouldKeepAlive = false;
    if (error instanceof BackendRefusal) {
      const { status, headers, body } = error.reply;
      for (const [name, value] of headers) response.setHeader(name, value);
      response.removeHeader('upload-offset');
      response.writeHead(status, { 'cache-control': 'no-store' }).end(body);
      return true;
    }
    const [code, headers = {}] = refusalOf(error);
    const known = code !== 'internal';
    const { status, body } = this.#options.problem(code, known ? error.message : undefined);
    response
      .writeHead(status, {
        'content-type': 'application/problem+json',
        ...(status === 503 && { 'retry-after': '1' }),
        ...headers,
      })
      .end(body);
    return known;
  }
}

/** Errors: `BackendRefusal`. */
function mediaOf(reply: BackendReply): Media {
  if (reply.status !== 200 && reply.status !== 201) throw new BackendRefusal(reply);
  return JSON.parse(reply.body) as Media;
}

function describe(response: ServerResponse): void {
  response
    .writeHead(204, {
      'tus-version': TUS_VERSION,
      'tus-extension': TUS_EXTENSIONS,
      'tus-max-size': String(VIDEO_BYTES_MAX),
      'tus-checksum-algorithm': CHECKSUM_ALGORITHMS.join(','),
    })
    .end();
}

function setExpires(response: ServerResponse, { expiresAt }: Media): void {
  if (expiresAt !== null) response.setHeader('upload-expires', new Date(expiresAt).toUTCString());
}

function bringsBytes({ headers }: IncomingMessage): boolean {
  return (headers['content-type'] ?? '').trim().toLowerCase() === CHUNK_TYPE;
}
