// One try of a request: `fetch` with a timeout, and its failures as errors of this package.

import type { Problem } from './api.ts';
import { ConnectionError, ProblemError } from './errors.ts';

export interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Blob | undefined;
}

export interface TryOptions {
  readonly fetch: typeof fetch;
  /** Of the whole answer; of a stream, until its headers. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const PROBLEM_TYPE = 'application/problem+json';

/**
 * Errors: `ConnectionError`, `ProblemError`, the reason of the signal. What is no problem of ours
 * but has a status of a failure is of a proxy on the way, and counts as a lost connection.
 */
export async function send(request: Request, options: TryOptions): Promise<Answer> {
  return await watched(options, async (signal) => {
    const response = await open(request, options, signal);
    const text = await response.text();
    if (!response.ok) throw refusalOf(response, text);
    return { status: response.status, headers: response.headers, text };
  });
}

/**
 * The same, for whom every answer is a result, refusals too. It is read by the caller; the signal
 * ends it.
 */
export async function exchange(request: Request, options: TryOptions): Promise<Response> {
  return await watched(options, (signal) => open(request, options, signal));
}

/** The same as `send`, for a reply that is read piece by piece; the signal ends it. */
export async function openStream(request: Request, options: TryOptions): Promise<Response> {
  return await watched(options, async (signal) => {
    const response = await open(request, options, signal);
    if (!response.ok) throw refusalOf(response, await response.text());
    return response;
  });
}

function open(request: Request, { fetch }: TryOptions, signal: AbortSignal): Promise<Response> {
  const { url, method, headers, body } = request;
  const credentials = 'omit';
  return fetch(url, { method, headers, signal, credentials, ...(body !== undefined && { body }) });
}

/** `AbortSignal.any` is not in Node 18. */
async function watched<T>(
  { timeoutMs, signal }: TryOptions,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal!.reason);
  signal?.addEventListener('abort', abort, { once: true });
  let hasTimedOut = false;
  const timer = setTimeout(() => {
    hasTimedOut = true;
    controller.abort();
  }, timeoutMs);
  let isStream = false;
  try {
    const result = await run(controller.signal);
    isStream = result instanceof Response;
    return result;
  } catch (error) {
    if (error instanceof ProblemError || error instanceof ConnectionError) throw error;
    signal?.throwIfAborted();
    throw new ConnectionError(hasTimedOut ? 'timeout' : 'connection-lost', error);
  } finally {
    clearTimeout(timer);
    if (!isStream) signal?.removeEventListener('abort', abort);
  }
}

function refusalOf(response: Response, text: string): ProblemError | ConnectionError {
  const { headers, status } = response;
  try {
    if (headers.get('content-type')?.startsWith(PROBLEM_TYPE) === true)
      return new ProblemError(JSON.parse(text) as Problem, headers);
  } catch {
    // Cut off.
  }
  return new ConnectionError('connection-lost', new Error(`answered ${status} without a problem`));
}
