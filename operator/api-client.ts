// A client of the REST API for operators. Any node of the cluster can answer. When one node does
// not answer, the client sends a request to the next node, but only if repeating it is safe.

import { setTimeout as delay } from 'node:timers/promises';
import type { RunContext } from '../actors/run-context.ts';
import type {
  MovePlan,
  QuarantinedDrop,
  MoveRecord,
  NodeRow,
  RunEnd,
  RunKind,
  RunState,
  ShardRow,
} from '../contracts/operator.ts';

import { PAGE_LIMIT_MAX } from '../contracts/bounds.ts';
import type { Static } from 'typebox';
import type { ExportFormat } from '../contracts/orders.ts';
import type { AddedOperator, OperatorRow } from '../contracts/operator-accounts.ts';
import type { JobBody, JobState } from '../contracts/jobs.ts';
import type { PaymentProblem, ProblemFilter } from '../contracts/payment-problems.ts';
import type { ParkedRefund, RefundState } from '../contracts/refunds.ts';

/** A node as HTTP shows it: times are RFC 3339 text. */
export type NodeInfo = Omit<NodeRow, 'startedAt' | 'level'> & {
  readonly startedAt: string;
  /** A gateway of level 0 leaves it out. */
  readonly level?: number;
};
/** A shard as HTTP shows it: times are RFC 3339 text. */
export type ShardInfo = Omit<ShardRow, 'quarantined'> & {
  /** A gateway of an earlier version leaves it out. */
  readonly quarantined?: readonly (Omit<QuarantinedDrop, 'since'> & { readonly since: string })[];
};
/** A finished move as HTTP shows it: times are RFC 3339 text. */
export type MoveInfo = Omit<MoveRecord, 'startedAt' | 'endedAt'> & {
  readonly startedAt: string;
  readonly endedAt: string;
};

/** A parked refund as HTTP shows it: times are RFC 3339 text. */
export type RefundInfo = Omit<
  ParkedRefund,
  'firstAttemptAt' | 'lastAttemptAt' | 'parkedAt' | 'nextAttemptAt' | 'revision'
> & {
  readonly firstAttemptAt: string;
  readonly lastAttemptAt: string;
  readonly parkedAt: string;
  readonly nextAttemptAt: string | null;
};

/** A payment to look at as HTTP shows it: times are RFC 3339 text. */
export type ProblemInfo = Omit<PaymentProblem, 'openedAt' | 'closedAt'> & {
  readonly openedAt: string;
  readonly closedAt: string | null;
};

/** An operator as HTTP shows it: times are RFC 3339 text. */
export type OperatorInfo = Omit<OperatorRow, 'addedAt'> & { readonly addedAt: string };

/** A job as HTTP shows it. */
export type JobInfo = Static<typeof JobBody>;

export interface JobChangeInfo {
  readonly applied: boolean;
  readonly job: JobInfo;
}

export interface RefundChangeInfo {
  readonly applied: boolean;
  readonly refund: RefundInfo;
}

/** A run as HTTP shows it: times are RFC 3339 text. */
type RunInfo = Omit<RunState, 'startedAt'> & { readonly startedAt: string };

/** `shards` absent: all. */
export interface NewRunRequest {
  readonly kind: RunKind;
  readonly shards?: readonly number[];
  readonly dryRun?: boolean;
}

export interface ShardFilter {
  readonly node?: string;
  readonly state?: string;
}

export interface ChangesRequest {
  /** A position, `start` or `now`. */
  readonly from: string;
  readonly follow: boolean;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

export interface OperatorApiOptions {
  /** The first node to try. `nodes()` adds the addresses of the other living nodes. */
  readonly url: string;
  /** Returns a token with the operator role that is valid now. */
  readonly token: () => string;
  readonly timeoutMs?: number;
}

/** The most moves that one answer can hold. */
export const MOVES_LISTED_MAX = 100;

const TIMEOUT_MS = 15_000;
/** Of the stream of a run. A run that nobody follows for five seconds is cancelled. */
const RECONNECT_PAUSE_MS = 500;
const RECONNECTS_MAX = 8;
const FAILED_STATUS = 500;
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

export class OperatorApi {
  readonly #options: OperatorApiOptions;
  /** The node that answered last comes first. */
  #urls: string[];

  constructor(options: OperatorApiOptions) {
    this.#options = options;
    this.#urls = [options.url];
  }

  async nodes(): Promise<readonly NodeInfo[]> {
    const { items } = await this.#get<{ items: readonly NodeInfo[] }>('nodes');
    const living = items.flatMap(({ state, url }) => (state === 'lost' || !url ? [] : [url]));
    this.#urls = [...new Set([...this.#urls, ...living])].slice(0, URLS_MAX);
    return items;
  }

  async shards({ node, state }: ShardFilter = {}): Promise<readonly ShardInfo[]> {
    const query = new URLSearchParams({ ...(node && { node }), ...(state && { state }) });
    return (
      await this.#get<{ items: readonly ShardInfo[] }>(
        query.size === 0 ? 'shards' : `shards?${query.toString()}`,
      )
    ).items;
  }

  /** Newest first; `limit` up to `MOVES_LISTED_MAX`. */
  async moves(limit: number): Promise<readonly MoveInfo[]> {
    return (await this.#get<{ items: readonly MoveInfo[] }>(`moves?limit=${limit}`)).items;
  }

  /** `to` null removes the pin. */
  pin(shard: number, to: string | null, dryRun: boolean): Promise<MovePlan> {
    return to === null
      ? this.#post(`shards/${shard}/unpin`, { dryRun })
      : this.#post(`shards/${shard}/pin`, { to, dryRun });
  }

  drain(nodeId: string, dryRun: boolean): Promise<MovePlan> {
    return this.#post(`nodes/${nodeId}/drain`, { dryRun });
  }

  undrain(nodeId: string, dryRun: boolean): Promise<MovePlan> {
    return this.#post(`nodes/${nodeId}/undrain`, { dryRun });
  }

  rebalance(movesMax: number, dryRun: boolean): Promise<MovePlan> {
    return this.#post('rebalance', { movesMax, dryRun });
  }

  /** Resolves when the node has accepted the request, before it restarts. */
  async restart(nodeId: string): Promise<void> {
    await this.#post(`nodes/${nodeId}/restart`, null);
  }

  /** Resolves when the owner of the quarantined drop serves it again. */
  async releaseDrop(dropId: string): Promise<void> {
    await this.#post(`drops/${dropId}/release`, null);
  }

  /**
   * Starts a run and follows it to its end. When the signal is aborted, the run is cancelled, which
   * is its end then. Errors: `ApiError`.
   */
  async run(
    request: NewRunRequest,
    { signal, progress }: RunContext,
  ): Promise<Exclude<RunEnd, { type: 'failed' }>> {
    const { id } = await this.#post<RunInfo>('runs', request);
    const cancel = () => {
      // A run that has ended cannot be cancelled; any other failure shows in the stream.
      this.#cancelRun(id).catch(() => undefined);
    };
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel);
    try {
      for (let failures = 0; ; failures++) {
        try {
          for await (const line of this.#lines(`/v1/operator/runs/${id}`, null)) {
            failures = 0;
            const run = JSON.parse(line) as RunInfo;
            if (run.progress !== null) progress(run.progress);
            if (run.end?.type === 'failed')
              throw new ApiError(`the ${request.kind} failed: ${run.end.code}`, FAILED_STATUS);
            if (run.end !== null) return run.end;
          }
          // The server ends the stream when the token ends, or when the server stops.
        } catch (error) {
          const isLost = error instanceof ApiError && error.transient;
          if (!isLost || failures === RECONNECTS_MAX) throw error;
        }
        await delay(RECONNECT_PAUSE_MS);
      }
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /** The newest jobs, at most `limit`; of all states where `state` is null. */
  jobs(state: JobState | null, limit: number): Promise<readonly JobInfo[]> {
    return this.#newest('jobs', stateFilter(state), limit);
  }

  job(id: string): Promise<JobInfo> {
    return this.#get(`jobs/${id}`);
  }

  changeJob(id: string, change: 'retry' | 'cancel', dryRun: boolean): Promise<JobChangeInfo> {
    return this.#post(`jobs/${id}/${change}`, { dryRun });
  }

  /** The newest refunds, at most `limit`; of all states where `state` is null. */
  refunds(state: RefundState | null, limit: number): Promise<readonly RefundInfo[]> {
    return this.#newest('refunds', stateFilter(state), limit);
  }

  /** The newest payments to look at, at most `limit`. */
  paymentProblems(filter: ProblemFilter, limit: number): Promise<readonly ProblemInfo[]> {
    const { kind, open } = filter;
    const query = {
      ...(kind !== undefined && { kind }),
      ...(open !== undefined && { open: String(open) }),
    };
    return this.#newest('payment-problems', query, limit);
  }

  retryRefund(id: string, dryRun: boolean): Promise<RefundChangeInfo> {
    return this.#post(`refunds/${id}/retry`, { dryRun });
  }

  dismissRefund(id: string, reason: string, dryRun: boolean): Promise<RefundChangeInfo> {
    return this.#post(`refunds/${id}/dismiss`, { reason, dryRun });
  }

  async operators(): Promise<readonly OperatorInfo[]> {
    return (await this.#get<{ items: readonly OperatorInfo[] }>('operators')).items;
  }

  addOperator(email: string, role: OperatorRow['role']): Promise<AddedOperator> {
    return this.#post('operators', { email, role });
  }

  async removeOperator(userId: string): Promise<void> {
    await this.#tryEachNode(
      (url) => this.#send(url, 'DELETE', `operators/${encodeURIComponent(userId)}`, null),
      ({ notDelivered }) => notDelivered,
    );
  }

  /** The lines of the outside stream of the first node that answers. Errors: `ApiError`. */
  async *changes({ from, follow, signal }: ChangesRequest): AsyncGenerator<string> {
    const query = new URLSearchParams({ from, follow: String(follow) }).toString();
    yield* this.#lines(`/v1/changes?${query}`, signal);
  }

  /** All orders of a drop as a file, piece by piece. Errors: `ApiError`. */
  async *exportOrders(
    dropId: string,
    format: ExportFormat,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const path = `/v1/drops/${dropId}/orders/export?format=${format}`;
    const { url, body } = await this.#stream(path, signal);
    try {
      for await (const piece of body) yield piece;
    } catch (error) {
      throw noAnswerError(url, error);
    }
  }

  async #cancelRun(id: string): Promise<void> {
    await this.#tryEachNode(
      (url) => this.#send(url, 'DELETE', `runs/${id}`, null),
      () => true,
    );
  }

  async *#lines(path: string, signal: AbortSignal | null): AsyncGenerator<string> {
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

  /** A read is safe to repeat: tries one node after the other until one answers. */
  async #newest<T>(
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
      const page: { items: readonly T[]; nextCursor: string | null } = await this.#get(
        `${path}?${query.toString()}`,
      );
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null && items.length < limit);
    return items;
  }

  #get<T>(path: string): Promise<T> {
    return this.#tryEachNode(
      (url) => this.#send(url, 'GET', path, null),
      () => true,
    ) as Promise<T>;
  }

  /** Tries the next node only if the request certainly did not reach the one before. */
  #post<T>(path: string, body: object | null): Promise<T> {
    return this.#tryEachNode(
      (url) => this.#send(url, 'POST', path, body),
      ({ notDelivered }) => notDelivered,
    ) as Promise<T>;
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

function stateFilter(state: string | null): Readonly<Record<string, string>> {
  return state === null ? {} : { state };
}
