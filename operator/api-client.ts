// The operators' part of the REST API, as a client: which of a cluster's nodes answers does not
// matter, so what can safely be asked again is asked of the next one when a node does not answer.

import type { VerifyReport } from '../actors/shard/verification.ts';
import type { MovePlan, NodeRow, RebuildReport, ShardRow } from '../services/contracts.ts';
import type { MoveRecord } from '../storage/ports/placement.ts';

/** As they come over HTTP: times are RFC 3339. */
export type NodeInfo = Omit<NodeRow, 'startedAt' | 'level'> & {
  readonly startedAt: string;
  /** A gateway of level 0 leaves it out. */
  readonly level?: number;
};
export type MoveInfo = Omit<MoveRecord, 'startedAt' | 'endedAt'> & {
  readonly startedAt: string;
  readonly endedAt: string;
};

export interface ShardFilter {
  readonly node?: string;
  readonly state?: string;
}

export interface OperatorApiOptions {
  /** Asked first; the addresses of further nodes are learned from the cluster. */
  readonly url: string;
  /** A token with the operator role that is valid now. */
  readonly token: () => string;
  readonly timeoutMs?: number;
}

/** Moves that one answer can hold. */
export const MOVES_LISTED_MAX = 100;

const TIMEOUT_MS = 15_000;
/** Replaying large journals takes its time. */
const REPLAY_TIMEOUT_MS = 600_000;
const URLS_MAX = 64;
/** What a connection ends with that never reached anybody. */
const NOT_DELIVERED: readonly unknown[] = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH'];

/** No answer, or one that is no success. The message is for people. */
export class ApiError extends Error {
  /** 0 where there was no answer. */
  readonly status: number;
  /** The request surely did nothing. */
  readonly notDelivered: boolean;

  constructor(message: string, status: number, notDelivered = false) {
    super(message);
    this.status = status;
    this.notDelivered = notDelivered;
  }

  /** Waiting may help: nobody answered, or somebody asked for patience. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

export class OperatorApi {
  readonly #options: OperatorApiOptions;
  /** The one that answered last is the first. */
  #urls: string[];

  constructor(options: OperatorApiOptions) {
    this.#options = options;
    this.#urls = [options.url];
  }

  async nodes(): Promise<readonly NodeInfo[]> {
    const { items } = await this.#read<{ items: readonly NodeInfo[] }>('nodes');
    const learned = items.flatMap(({ state, url }) => (state === 'lost' || !url ? [] : [url]));
    this.#urls = [...new Set([...this.#urls, ...learned])].slice(0, URLS_MAX);
    return items;
  }

  async shards({ node, state }: ShardFilter = {}): Promise<readonly ShardRow[]> {
    const query = new URLSearchParams({ ...(node && { node }), ...(state && { state }) });
    return (
      await this.#read<{ items: readonly ShardRow[] }>(
        query.size === 0 ? 'shards' : `shards?${query.toString()}`,
      )
    ).items;
  }

  /** Newest first; `limit` up to `MOVES_LISTED_MAX`. */
  async moves(limit: number): Promise<readonly MoveInfo[]> {
    return (await this.#read<{ items: readonly MoveInfo[] }>(`moves?limit=${limit}`)).items;
  }

  /** `to` null takes the pin away. */
  pin(shard: number, to: string | null, dryRun: boolean): Promise<MovePlan> {
    return to === null
      ? this.#change(`shards/${shard}/unpin`, { dryRun })
      : this.#change(`shards/${shard}/pin`, { to, dryRun });
  }

  drain(nodeId: string, dryRun: boolean): Promise<MovePlan> {
    return this.#change(`nodes/${nodeId}/drain`, { dryRun });
  }

  undrain(nodeId: string, dryRun: boolean): Promise<MovePlan> {
    return this.#change(`nodes/${nodeId}/undrain`, { dryRun });
  }

  rebalance(movesMax: number, dryRun: boolean): Promise<MovePlan> {
    return this.#change('rebalance', { movesMax, dryRun });
  }

  /** Returns when the node was asked, not when it has ended. */
  async restart(nodeId: string): Promise<void> {
    await this.#change(`nodes/${nodeId}/restart`, null);
  }

  verify(): Promise<VerifyReport> {
    return this.#change<VerifyReport>('verify', null, REPLAY_TIMEOUT_MS);
  }

  /** `shards` null: all. */
  rebuild(shards: readonly number[] | null, dryRun: boolean): Promise<RebuildReport> {
    const body = { ...(shards !== null && { shards }), dryRun };
    return this.#change<RebuildReport>('rebuild', body, REPLAY_TIMEOUT_MS);
  }

  /** Asks one node after the other until one answers. */
  #read<T>(path: string): Promise<T> {
    return this.#askInTurn(
      (url) => this.#ask(url, 'GET', path, null),
      () => true,
    ) as Promise<T>;
  }

  /** Asks another node only where the one before cannot have heard of it. */
  #change<T>(path: string, body: object | null, timeoutMs?: number): Promise<T> {
    return this.#askInTurn(
      (url) => this.#ask(url, 'POST', path, body, timeoutMs),
      ({ notDelivered }) => notDelivered,
    ) as Promise<T>;
  }

  async #askInTurn(
    ask: (url: string) => Promise<unknown>,
    mayGoOn: (error: ApiError) => boolean,
  ): Promise<unknown> {
    let first: ApiError | null = null;
    for (const url of this.#urls) {
      try {
        const answer = await ask(url);
        this.#urls = [url, ...this.#urls.filter((other) => other !== url)];
        return answer;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 0 || !mayGoOn(error)) throw error;
        first ??= error;
      }
    }
    throw first!;
  }

  async #ask(
    url: string,
    method: string,
    path: string,
    body: object | null,
    timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS,
  ): Promise<unknown> {
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
        signal: AbortSignal.timeout(timeoutMs),
      });
      text = await response.text();
    } catch (error) {
      throw unanswered(url, error);
    }
    if (!response.ok) throw refused(url, response.status, text);
    return text === '' ? null : (JSON.parse(text) as unknown);
  }
}

function unanswered(url: string, error: unknown): ApiError {
  const { name, message, cause } = error as Error;
  const { code, message: deeper } = (cause ?? {}) as { code?: string; message?: string };
  const why = name === 'TimeoutError' ? 'no answer in time' : (code ?? deeper ?? message);
  return new ApiError(
    `no server at ${url} answers (${why}); --url names another`,
    0,
    NOT_DELIVERED.includes(code),
  );
}

/** What a problem document says; anything else is only named by its status. */
function refused(url: string, status: number, text: string): ApiError {
  if (status === 401) {
    const what = 'give --token, or the LIVEDROPS_AUTH_SECRET that its nodes share';
    return new ApiError(`${url} does not take the token; ${what}`, status);
  }
  if (status === 403) return new ApiError('the token has not the operator role', status);
  const strange = `${url} answered ${status} and nothing that can be read`;
  try {
    const problem = JSON.parse(text) as { title?: string; detail?: string };
    return new ApiError(problem.detail ?? problem.title ?? strange, status);
  } catch {
    return new ApiError(strange, status);
  }
}
