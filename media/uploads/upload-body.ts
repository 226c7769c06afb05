// The bytes of a request, as an upload takes them: bounded, cut into pieces, compared with a
// checksum.

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { WantedChecksum } from './upload-headers.ts';

/** The client went away before its body ended. */
export class ClientGoneError extends Error {
  readonly code = 'client-gone';
}

/** The client brings its bytes too slowly. */
export class SlowClientError extends ClientGoneError {}

/** The bytes have another digest than the client said. */
class ChecksumError extends Error {
  readonly code = 'checksum-mismatch';
}

class BodyTooLargeError extends Error {
  readonly code = 'too-large';
}

/** Some bytes of a body that follow on each other. */
export interface Piece {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  /** Why no more came after them; null where more may come, or the body ended well. */
  readonly end: Error | null;
}

/** How a body comes in. */
export interface BodyProgress {
  bytes: number;
  /** Whether the next bytes are waited for now. */
  isWaiting: boolean;
}

/**
 * The body, at most `bytesMax` of it. The request stays open whatever happens, so that its client
 * can be told. Errors: the reason of `signal`; `client-gone`; `too-large`.
 */
export async function* readBody(
  request: IncomingMessage,
  bytesMax: number,
  signal: AbortSignal,
  progress: BodyProgress = { bytes: 0, isWaiting: false },
): AsyncGenerator<Buffer> {
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  let rejectRead: ((reason: Error) => void) | null = null;
  const onAbort = () => rejectRead?.(signal.reason as Error);
  // A promise of each read's own: one that lives as long as the body would keep all that was read.
  const read = () =>
    new Promise<IteratorResult<Buffer>>((resolve, reject) => {
      rejectRead = reject;
      chunks.next().catch(goneOf).then(resolve, reject);
    });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      progress.isWaiting = true;
      const next = await read();
      progress.isWaiting = false;
      if (next.done === true) return;
      progress.bytes += next.value.length;
      if (progress.bytes > bytesMax)
        throw new BodyTooLargeError(`Only ${bytesMax} bytes are missing.`);
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function goneOf(cause: unknown): never {
  throw new ClientGoneError('the client went away', { cause });
}

/**
 * The body in pieces of `size` bytes or a little more. What came before an error is a piece, too;
 * without any, the error is thrown.
 */
export async function* inPieces(body: AsyncIterable<Buffer>, size: number): AsyncGenerator<Piece> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < size) continue;
      const piece = { chunks, bytes, end: null };
      [chunks, bytes] = [[], 0];
      yield piece;
    }
  } catch (error) {
    if (bytes === 0) throw error;
    yield { chunks, bytes, end: error as Error };
    return;
  }
  if (bytes > 0) yield { chunks, bytes, end: null };
}

/**
 * Gives the memory of bytes that nobody needs any more back at once; they are empty afterwards. V8
 * would free them with the old objects that hold them, and lets up to 64 MB of such memory come to
 * be before it looks: 100 uploads at once had 89 MB of it, and have 20.
 */
export function giveBack({ chunks }: Piece): void {
  for (const { buffer, byteLength } of chunks) {
    // A part of a larger one is not its own.
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
  }
}

/** Throws `checksum-mismatch` behind the last byte. */
export async function* withChecksum(
  body: AsyncIterable<Buffer>,
  { algorithm, digest }: WantedChecksum,
): AsyncGenerator<Buffer> {
  const hash = createHash(algorithm);
  for await (const chunk of body) {
    hash.update(chunk);
    yield chunk;
  }
  if (!hash.digest().equals(digest)) throw new ChecksumError(`The ${algorithm} is another one.`);
}
