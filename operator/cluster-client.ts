// The client of `sdk/` for a cluster, any node of which can answer. Where one does not, a request
// goes to the next node, but only if repeating it is safe.

import { PAGE_LIMIT_MAX } from '../contracts/bounds.ts';
import { LiveDrops } from '../sdk/client.ts';
import { ConnectionError } from '../sdk/errors.ts';
import { linesOf } from '../sdk/lines.ts';
import { ApiError, apiErrorOf } from './api-error.ts';

export interface ClusterClientOptions {
  /** The first node to try. `addUrls` adds those of others. */
  readonly url: string;
  /** Returns a token with the operator role that is valid now. */
  readonly token: () => string;
  readonly timeoutMs?: number;
}

type Ask<T> = (client: LiveDrops) => Promise<T>;

const TIMEOUT_MS = 15_000;
const URLS_MAX = 64;

/** All methods raise `ApiError`. */
export class ClusterClient {
  readonly #options: ClusterClientOptions;
  #urls: readonly string[];
  #client: LiveDrops;

  constructor(options: ClusterClientOptions) {
    this.#options = options;
    this.#urls = [options.url];
    this.#client = this.#newClient();
  }

  /** Further nodes to try. */
  addUrls(urls: readonly string[]): void {
    const all = [...new Set([this.#client.url, ...this.#urls, ...urls])].slice(0, URLS_MAX);
    if (all.length === this.#urls.length) return;
    this.#urls = all;
    this.#client = this.#newClient();
  }

  async ask<T>(ask: Ask<T>): Promise<T> {
    const client = this.#client;
    try {
      return await ask(client);
    } catch (error) {
      throw apiErrorOf(error, client.url);
    }
  }

  /** The newest items of a list with pages, at most `limit`. */
  async newest<T>(
    limit: number,
    list: (client: LiveDrops, page: { limit: number }) => AsyncGenerator<T>,
  ): Promise<readonly T[]> {
    return await this.ask(async (client) => {
      const items: T[] = [];
      for await (const item of list(client, { limit: Math.min(limit, PAGE_LIMIT_MAX) })) {
        items.push(item);
        if (items.length === limit) break;
      }
      return items;
    });
  }

  /** The node that is tried first. */
  get url(): string {
    return this.#options.url;
  }

  /** The text of a page of one node. Errors: `ApiError`, and those of a request that fails. */
  async page(url: string, path: string): Promise<string> {
    const { token, timeoutMs = TIMEOUT_MS } = this.#options;
    const answer = await fetch(`${url}${path}`, {
      headers: { authorization: `Bearer ${token()}` },
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await answer.text();
    if (!answer.ok)
      throw new ApiError(`${url}${path} was answered ${answer.status}`, answer.status);
    return text;
  }

  /** The lines of the stream of the first node that answers. */
  async *lines(open: Ask<Response>): AsyncGenerator<string> {
    const client = this.#client;
    try {
      yield* linesOf(await open(client));
    } catch (error) {
      throw apiErrorOf(error, client.url);
    }
  }

  /** The bytes of the answer of the first node that answers. */
  async *pieces(open: Ask<Response>): AsyncGenerator<Uint8Array> {
    const client = this.#client;
    const { body } = await this.ask(open);
    try {
      for await (const piece of body!) yield piece;
    } catch (error) {
      throw apiErrorOf(new ConnectionError('connection-lost', error), client.url);
    }
  }

  /** Each node is tried once, without a wait. */
  #newClient(): LiveDrops {
    const { token, timeoutMs = TIMEOUT_MS } = this.#options;
    const triesMax = this.#urls.length;
    return new LiveDrops({ url: this.#urls, token, timeoutMs, triesMax, retryFirstMs: 0 });
  }
}
