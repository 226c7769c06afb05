// `@livedrops/client/uploads`: pictures and films, to the media origin by tus 1.0.0
// (https://tus.io/protocols/resumable-upload). An upload goes on from the byte that the server
// has: after a lost connection, a pause and, by its kept address, a reload.

import type { Media } from './api.ts';
import type { LiveDrops } from './client.ts';
import { ConnectionError, isProblem, ProblemError } from './errors.ts';
import { makeKey } from './intents.ts';
import { KeptUploads } from './kept-uploads.ts';
import { browserStorage, type KeyValueStorage } from './storage.ts';
import { type Answer, send } from './transport.ts';
import { delay, jittered } from './waits.ts';

export interface UploadOptions {
  readonly client: LiveDrops;
  /** A `File` of a page, or any other `Blob`. */
  readonly file: Blob;
  readonly purpose: Media['purpose'];
  /** Default: the name of the `File`. */
  readonly filename?: string;
  /** The id of an organisation that the user manages. Default: the user. */
  readonly owner?: string;
  /**
   * What the file is known by after a reload: the same key has to mean the same bytes. Default: of
   * a `File` its name, length and time of change; any other `Blob` has none, and begins anew.
   */
  readonly key?: string;
  /** Where addresses of unfinished uploads are kept. Default: as for intents. */
  readonly storage?: KeyValueStorage;
  /** Called whenever the server has more, or an upload goes on: those bytes are safe. */
  readonly onProgress?: (progress: UploadProgress) => void;
  readonly onState?: (state: UploadState) => void;
  /** Ends it. Its address stays: the same file goes on where it was. */
  readonly signal?: AbortSignal;
  /** Has the server compare each part with its SHA-256. Needs `crypto.subtle`. */
  readonly checksum?: boolean;
  /** Where uploads begin. Default: what the API says. */
  readonly url?: string;
  readonly fetch?: typeof fetch;
  /** Of each request, also of one that brings bytes. Default: 30 s. */
  readonly timeoutMs?: number;
  /** In a row, without a byte more at the server. Default: 10. */
  readonly triesMax?: number;
  /** The bound of the first wait, which doubles up to 10 s. Default: 300 ms. */
  readonly retryFirstMs?: number;
}

export interface UploadProgress {
  /** That the server has. */
  readonly sent: number;
  readonly bytes: number;
}

export type UploadState = 'running' | 'paused' | 'ended';

type Headers = Readonly<Record<string, string>>;

const TIMEOUT_MS = 30_000;
const TRIES_MAX = 10;
const RETRY_FIRST_MS = 300;
const RETRY_MAX_MS = 10_000;
/** Where the server asks for a longer wait, the upload fails instead. */
const RETRY_AFTER_MAX_MS = 30_000;
/** A request brings what goes in about a second: so often there is progress. */
const PART_BYTES_MIN = 256 * 1_024;
const PART_BYTES_MAX = 16 * 1_024 * 1_024;
const PART_FAST_MS = 700;
const PART_SLOW_MS = 2_000;
/** The server takes at most 8,192 parts. */
const PARTS_AIM = 2_048;
const PART_TYPE = 'application/offset+octet-stream';
const LOOK_FIRST_MS = 200;
const LOOK_MAX_MS = 5_000;

export class Upload {
  /**
   * The id of what was uploaded, for `GET /v1/media/{id}`. Rejects with `ProblemError` of a
   * refusal, `ConnectionError` after the last try, or the reason of the signal.
   */
  readonly done: Promise<string>;
  readonly #options: UploadOptions;
  readonly #kept: KeptUploads;
  readonly #partBytesMin: number;
  #partBytes: number;
  #state: UploadState = 'running';
  #url: string | null = null;
  /** Of the beginning: after a lost answer the same upload is begun. */
  #key = makeKey();
  #sent = 0;
  /** Of the requests until the next pause. */
  #running = new AbortController();
  #wake: () => void = () => undefined;

  constructor(options: UploadOptions) {
    this.#options = options;
    const { file, storage, checksum } = options;
    if (checksum === true && globalThis.crypto?.subtle === undefined)
      throw new TypeError('checksum needs crypto.subtle');
    this.#kept = new KeptUploads(storage ?? browserStorage('sessionStorage'));
    this.#partBytesMin = Math.max(PART_BYTES_MIN, Math.ceil(file.size / PARTS_AIM));
    this.#partBytes = this.#partBytesMin;
    this.done = this.#run();
  }

  get state(): UploadState {
    return this.#state;
  }

  /** Bytes that the server has, as far as is known. */
  get sent(): number {
    return this.#sent;
  }

  /** Breaks off what is under way. `done` waits for `resume`. */
  pause(): void {
    if (this.#state !== 'running') return;
    this.#setState('paused');
    this.#running.abort();
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#setState('running');
    this.#wake();
  }

  async #run(): Promise<string> {
    const { signal } = this.#options;
    const end = (): void => {
      this.#running.abort();
      this.#wake();
    };
    signal?.addEventListener('abort', end, { once: true });
    try {
      return await this.#tries();
    } finally {
      signal?.removeEventListener('abort', end);
      this.#setState('ended');
    }
  }

  async #tries(): Promise<string> {
    const { signal, triesMax = TRIES_MAX, retryFirstMs = RETRY_FIRST_MS } = this.#options;
    const backoff = { firstMs: retryFirstMs, maxMs: RETRY_MAX_MS };
    let mostSent = 0;
    for (let failures = 0; ; ) {
      signal?.throwIfAborted();
      if (this.#state === 'paused') {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const running = (this.#running = new AbortController()).signal;
      try {
        await untilOnline(running);
        return await this.#transfer(running);
      } catch (error) {
        if (running.aborted) continue;
        failures = this.#sent > mostSent ? 1 : failures + 1;
        mostSent = Math.max(mostSent, this.#sent);
        const wait = waitOf(error);
        if (wait === null || failures >= triesMax) throw error;
        // Where it is broken off, the next turn of the loop sees why.
        await delay(wait + jittered(failures, backoff), running).catch(() => undefined);
      }
    }
  }

  async #transfer(signal: AbortSignal): Promise<string> {
    const { file } = this.#options;
    let offset = await this.#offset(signal);
    this.#tell(offset);
    while (offset < file.size) {
      offset = await this.#append(offset, signal);
      this.#tell(offset);
    }
    this.#kept.forget(this.#url!);
    return this.#url!.split('/').at(-1)!;
  }

  /** Of the upload as the server has it, or of a new one. */
  async #offset(signal: AbortSignal): Promise<number> {
    const { client, url: given } = this.#options;
    const place = given ?? (await client.call('GET /v1/uploads', { signal })).url;
    const key = this.#keyAt(place);
    this.#url ??= key === null ? null : this.#kept.find(key);
    if (this.#url !== null) {
      try {
        return offsetOf(await this.#ask('HEAD', this.#url, {}, undefined, signal));
      } catch (error) {
        // It ended, or it is another user's.
        if (!isProblem(error, 'not-found') && !isProblem(error, 'forbidden')) throw error;
        this.#forget();
      }
    }
    const headers = {
      'upload-length': String(this.#options.file.size),
      'idempotency-key': this.#key,
      ...this.#metadata(),
    };
    const made = await this.#ask('POST', place, headers, undefined, signal);
    this.#url = new URL(made.headers.get('location')!, place).href;
    if (key !== null) this.#kept.keep(key, this.#url);
    return 0;
  }

  /** Resolves to the offset behind the next part. */
  async #append(offset: number, signal: AbortSignal): Promise<number> {
    const part = this.#options.file.slice(offset, offset + this.#partBytes);
    const headers = {
      'content-type': PART_TYPE,
      'upload-offset': String(offset),
      ...(this.#options.checksum === true && (await checksumOf(part))),
    };
    const begunAt = performance.now();
    try {
      const next = offsetOf(await this.#ask('PATCH', this.#url!, headers, part, signal));
      if (next <= offset) throw new ConnectionError('connection-lost', new Error('no progress'));
      const tookMs = performance.now() - begunAt;
      if (tookMs < PART_FAST_MS) this.#partBytes = Math.min(PART_BYTES_MAX, this.#partBytes * 2);
      if (tookMs > PART_SLOW_MS) this.#shrink();
      return next;
    } catch (error) {
      this.#shrink();
      if (isFinal(error)) this.#forget();
      throw error;
    }
  }

  /** The next one begins anew. */
  #forget(): void {
    this.#kept.forget(this.#url!);
    this.#url = null;
    this.#key = makeKey();
  }

  #shrink(): void {
    this.#partBytes = Math.max(this.#partBytesMin, this.#partBytes / 2);
  }

  async #ask(
    method: string,
    url: string,
    headers: Headers,
    body: Blob | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { client, fetch = globalThis.fetch, timeoutMs = TIMEOUT_MS } = this.#options;
    // The reply to a HEAD has no body that says why it is refused; so the protocol's other form.
    const isHead = method === 'HEAD';
    return await client.withToken((token) =>
      send(
        {
          method: isHead ? 'POST' : method,
          url,
          headers: {
            'tus-resumable': '1.0.0',
            ...(token !== null && { authorization: `Bearer ${token}` }),
            ...(isHead && { 'x-http-method-override': method }),
            ...headers,
          },
          body,
        },
        { fetch: (...request) => fetch(...request), timeoutMs, signal },
      ),
    );
  }

  #metadata(): Headers {
    const { file, filename = nameOf(file), purpose, owner } = this.#options;
    const values = { filename, purpose, ...(owner !== undefined && { owner }) };
    const pairs = Object.entries(values).map(([name, value]) => {
      const bytes = new TextEncoder().encode(value);
      return `${name} ${btoa(String.fromCharCode(...bytes))}`;
    });
    return { 'upload-metadata': pairs.join(',') };
  }

  #keyAt(place: string): string | null {
    const { file, purpose, owner } = this.#options;
    const { lastModified } = file as { readonly lastModified?: number };
    const ofFile = lastModified === undefined ? null : `${nameOf(file)} ${lastModified}`;
    const key = this.#options.key ?? ofFile;
    return key && JSON.stringify([place, purpose, owner, file.size, key]);
  }

  #tell(sent: number): void {
    this.#sent = sent;
    this.#options.onProgress?.({ sent, bytes: this.#options.file.size });
  }

  #setState(state: UploadState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}

/**
 * What became of an upload, once it is `ready`, or `refused` with a `reason`. Errors: as of any
 * call.
 */
export async function settledMedia(
  client: LiveDrops,
  id: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Media> {
  for (let waitMs = LOOK_FIRST_MS; ; waitMs = Math.min(LOOK_MAX_MS, waitMs * 1.5)) {
    const media = await client.call('GET /v1/media/{id}', { path: { id }, signal });
    if (media.status === 'ready' || media.status === 'refused') return media;
    await delay(waitMs, signal);
  }
}

/** At once where the device is online, or does not tell. */
async function untilOnline(signal: AbortSignal): Promise<void> {
  const page = globalThis as Partial<EventTarget> & { navigator?: { readonly onLine?: boolean } };
  if (page.navigator?.onLine !== false) return;
  await new Promise<void>((resolve) => {
    page.addEventListener?.('online', () => resolve(), { once: true, signal });
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  signal.throwIfAborted();
}

/** Errors: `ConnectionError` where it is not told. */
function offsetOf({ headers }: Answer): number {
  const offset = Number(headers.get('upload-offset') ?? Number.NaN);
  if (Number.isSafeInteger(offset)) return offset;
  throw new ConnectionError('connection-lost', new Error('no offset'));
}

function nameOf(file: Blob): string {
  return (file as { readonly name?: string }).name ?? 'file';
}

async function checksumOf(part: Blob): Promise<Headers> {
  const digest = await crypto.subtle.digest('SHA-256', await part.arrayBuffer());
  return { 'upload-checksum': `sha256 ${btoa(String.fromCharCode(...new Uint8Array(digest)))}` };
}

/** How long to wait at least before the upload goes on; null: it cannot. */
function waitOf(error: unknown): number | null {
  if (error instanceof ConnectionError) return 0;
  if (!(error instanceof ProblemError) || !isPassing(error)) return null;
  const wait = error.retryAfterMs ?? 0;
  return wait > RETRY_AFTER_MAX_MS ? null : wait;
}

/** Whoever signs in again may go on; nothing else makes a refused upload go on. */
function isFinal(error: unknown): boolean {
  return error instanceof ProblemError && error.status !== 401 && !isPassing(error);
}

/** An earlier request of ours may still write, or has written more than we heard of. */
function isPassing({ status, code }: ProblemError): boolean {
  return (
    status === 429 ||
    status === 503 ||
    code === 'upload-locked' ||
    code === 'upload-offset' ||
    code === 'checksum-mismatch'
  );
}
