// Sends requests to the REST API of a cluster, any node of which can answer. When one node does not
// answer, a request goes to the next node, but only if repeating it is safe.

import { PAGE_LIMIT_MAX } from '../contracts/bounds.ts';

export interface ClusterRequestsOptions {
  /** The first node to try. `addUrls` adds those of others. */
  readonly url: string;
  /** Returns a token with the operator role that is valid now. */
  readonly token: () => string;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;
const URLS_MAX = 64;
/** Error codes which prove that the request reached no server. */
const NOT_DELIVERED_CODES: readonly unknown[] = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH'];

/** The server did not answer, or its answer is not a success. The message is for people. */
export class ApiError extends Error {
  /** The HTTP status; 0 without an answer. */
  readonly status: number;
  /** True if the request certainly changed nothing. */
  readonly notDelivered: boolean;

  constructor(message: string, status: number, notDelivered = false) {
    super(message);
    this.status = status;
    this.notDelivered = notDelivered;
  }

  /** A later retry may succeed: no answer, too many requests, or the service is unavailable. */
  get transient(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

interface OpenedStream {
  readonly url: string;
  readonly body: ReadableStream<Uint8Array>;
}

/**
 * Paths are below `/v1/operator/`, those of streams from the root. All methods raise `ApiError`.
 */
export class ClusterRequests {
  readonly #options: ClusterRequestsOptions;
  /** The node that answered last comes first. */
  #urls: string[];

  constructor(options: ClusterRequestsOptions) {
    this.#options = options;
    this.#urls = [options.url];
  }

  /** Further nodes to try. */
  addUrls(urls: readonly string[]): void {
    this.#urls = [...new Set([...this.#urls, ...urls])].slice(0, URLS_MAX);
  }

  /** A read is safe to repeat: tries one node after the other until one answers. */
  get<T>(path: string): Promise<T> {
    return this.#tryEachNode(
      (url) => this.#send(url, 'GET', path, null),
      () => true,
    ) as Promise<T>;
  }

  /** Tries the next node only if the request certainly did not reach the one before. */
  post<T>(path: string, body: object | null): Promise<T> {
    return this.#tryEachNode(
      (url) => this.#send(url, 'POST', path, body),
      ({ notDelivered }) => notDelivered,
    ) as Promise<T>;
  }

  /** Puts are safe to repeat: as `get`. */
  put<T>(path: string, body: object): Promise<T> {
    return this.#tryEachNode(
      (url) => this.#send(url, 'PUT', path, body),
      () => true,
    ) as Promise<T>;
  }

  /** As `post`; where `isRepeatable`, as `get`. */
  async delete(path: string, isRepeatable: boolean): Promise<void> {
    await this.#tryEachNode(
      (url) => this.#send(url, 'DELETE', path, null),
      ({ notDelivered }) => isRepeatable || notDelivered,
    );
  }

  /** The newest items of a list with pages, at most `limit`. */
  async newest<T>(
    path: string,
    filter: Readonly<Record<string, string>>,
    limit: number,
  ): Promise<readonly T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({
        limit: String(Math.min(limit - items.length, PAGE_LIMIT_MAX)),
        ...filter,
        ...(cursor !== null && { cursor }),
      });
      const page: { items: readonly T[]; nextCursor: string | null } = await this.get(
        `${path}?${query.toString()}`,
      );
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null && items.length < limit);
    return items;
  }

  /** The lines of the stream of the first node that answers. */
  async *lines(path: string, signal: AbortSignal | null): AsyncGenerator<string> {
    const { url, body } = await this.#stream(path, signal);
    const decoder = new TextDecoder();
    let begun = '';
    const chunks = body.values();
    for (;;) {
      const chunk = await chunks.next().catch((error: unknown) => {
        throw noAnswerError(url, error);
      });
      if (chunk.done) return;
      const lines = (begun + decoder.decode(chunk.value, { stream: true })).split('\n');
      begun = lines.pop()!;
      yield* lines;
    }
  }

  /** The bytes of the answer of the first node that answers. */
  async *pieces(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { url, body } = await this.#stream(path, signal);
    try {
      for await (const piece of body) yield piece;
    } catch (error) {
      throw noAnswerError(url, error);
    }
  }

  async #stream(path: string, signal: AbortSignal | null): Promise<OpenedStream> {
    return (await this.#tryEachNode(
      (asked) => this.#openStream(asked, path, signal),
      () => true,
    )) as OpenedStream;
  }

  async #openStream(url: string, path: string, signal: AbortSignal | null) {
    const headers = { authorization: `Bearer ${this.#options.token()}` };
    const response = await fetch(url + path, { headers, signal }).catch((error: unknown) => {
      throw noAnswerError(url, error);
    });
    const { ok, status, body } = response;
    if (!ok || body === null) throw refusalError(url, status, await response.text());
    return { url, body };
  }

  async #tryEachNode(
    send: (url: string) => Promise<unknown>,
    mayTryNext: (error: ApiError) => boolean,
  ): Promise<unknown> {
    let first: ApiError | null = null;
    for (const url of this.#urls) {
      try {
        const answer = await send(url);
        this.#urls = [url, ...this.#urls.filter((other) => other !== url)];
        return answer;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 0 || !mayTryNext(error)) throw error;
        first ??= error;
      }
    }
    throw first!;
  }

  async #send(url: string, method: string, path: string, body: object | null): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}/v1/operator/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#options.token()}`,
          ...(body !== null && { 'content-type': 'application/json' }),
        },
        ...(body !== null && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS),
      });
      text = await response.text();
    } catch (error) {
      throw noAnswerError(url, error);
    }
    if (!response.ok) throw refusalError(url, response.status, text);
    return text === '' ? null : (JSON.parse(text) as unknown);
  }
}

function noAnswerError(url: string, error: unknown): ApiError {
  const { name, message, cause } = error as Error;
  const { code, message: deeper } = (cause ?? {}) as { code?: string; message?: string };
  const why = name === 'TimeoutError' ? 'no answer in time' : (code ?? deeper ?? message);
  return new ApiError(
    `no server at ${url} answers (${why}); --url names another`,
    0,
    NOT_DELIVERED_CODES.includes(code),
  );
}

/** Takes the message from the problem document; without one, the message names the status. */
function refusalError(url: string, status: number, text: string): ApiError {
  if (status === 401) {
    const advice = 'give --token, or the LIVEDROPS_AUTH_SECRET that its nodes share';
    return new ApiError(`${url} does not accept the token; ${advice}`, status);
  }
  if (status === 403) return new ApiError('the token does not have the operator role', status);
  const unreadable = `${url} answered ${status} without a readable message`;
  try {
    const problem = JSON.parse(text) as { title?: string; detail?: string };
    return new ApiError(problem.detail ?? problem.title ?? unreadable, status);
  } catch {
    return new ApiError(unreadable, status);
  }
}
