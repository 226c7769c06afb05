// `@livedrops/client/changes`: the stream of everything that happens, for programs that apply it to
// a system of their own. Each line comes at least once: what came after the last position comes
// again after a lost connection.

import type { StreamLine } from './api.ts';
import type { LiveDrops } from './client.ts';
import { ConnectionError, ProblemError } from './errors.ts';
import { linesOf } from './lines.ts';
import { delay, jittered } from './waits.ts';

export interface ChangesOptions {
  /** With the token of a creator or an operator, or an API key for changes. */
  readonly client: LiveDrops;
  /** A position, `start` (the default) or `now`. */
  readonly from?: string;
  /** Only what is about this creator: for operators and members of an organisation. */
  readonly creatorId?: string;
  /** False: up to what is durable when it begins. Default: true, without end. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

/** The server sends a position at least every 15 s. */
const SILENCE_MAX_MS = 30_000;
const BACKOFF = { firstMs: 500, maxMs: 20_000 };

/**
 * Apply each line; at a line of the kind `position` store its `position`, and give it as `from`
 * after a restart. Lost connections are opened again from the last position, for as long as it
 * takes. Errors: `ProblemError` (410 `position-trimmed`: begin anew from `start`), the reason of
 * the signal.
 */
export async function* followChanges(options: ChangesOptions): AsyncGenerator<StreamLine> {
  const { client, creatorId, follow = true, signal } = options;
  let position = options.from ?? 'start';
  for (let failures = 0; ; ) {
    const query = { from: position, follow, creator_id: creatorId };
    const ending = new AbortController();
    const end = (): void => ending.abort(signal!.reason);
    signal?.addEventListener('abort', end, { once: true });
    try {
      signal?.throwIfAborted();
      const input = { query, signal: ending.signal, triesMax: 1 };
      const response = await client.open('GET /v1/changes', input);
      const silence = { maxMs: SILENCE_MAX_MS, end: () => ending.abort() };
      for await (const text of linesOf(response, silence)) {
        const line = JSON.parse(text) as StreamLine;
        failures = 0;
        if (line.kind === 'position') ({ position } = line);
        yield line;
      }
      if (!follow) return;
    } catch (error) {
      signal?.throwIfAborted();
      if (!mayReturn(error)) throw error;
      failures += 1;
    } finally {
      signal?.removeEventListener('abort', end);
      ending.abort();
    }
    await delay(jittered(failures + 1, BACKOFF), signal);
  }
}

function mayReturn(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return error instanceof ConnectionError;
  return error.status === 429 || error.status >= 500;
}
