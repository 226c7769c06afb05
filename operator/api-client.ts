// A client of the REST API for operators, resource by resource. How a request reaches a node is in
// `cluster-requests.ts`.

import { setTimeout as delay } from 'node:timers/promises';
import type { RunContext } from '../actors/run-context.ts';
import type { CacheEviction, EvictedCaches, NodeCaches } from '../contracts/caches.ts';
import type { JobState } from '../contracts/jobs.ts';
import type { AddedOperator, OperatorRow } from '../contracts/operator-accounts.ts';
import type { MovePlan, RunEnd, RunKind } from '../contracts/operator.ts';
import type { ExportFormat } from '../contracts/orders.ts';
import type { ProblemFilter } from '../contracts/payment-problems.ts';
import type { RefundState } from '../contracts/refunds.ts';
import type { NewTakeDown, SellerChange } from '../contracts/restrictions.ts';
import type { Standing, TakenDown } from '../contracts/standings.ts';
import type {
  BanInfo,
  ChangedSellerInfo,
  JobChangeInfo,
  JobInfo,
  MadeBanInfo,
  MadeTakeDownInfo,
  MoveInfo,
  NewBanInfo,
  NodeInfo,
  OperatorInfo,
  ProblemInfo,
  RefundChangeInfo,
  RefundInfo,
  RunInfo,
  SearchNodeInfo,
  SellerInfo,
  ShardInfo,
  TakeDownInfo,
} from './api-views.ts';
import { ApiError, ClusterRequests, type ClusterRequestsOptions } from './cluster-requests.ts';

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

/** The most moves that one answer can hold. */
export const MOVES_LISTED_MAX = 100;

/** Of the stream of a run. A run that nobody follows for five seconds is cancelled. */
const RECONNECT_PAUSE_MS = 500;
const RECONNECTS_MAX = 8;
const FAILED_STATUS = 500;

export class OperatorApi {
  readonly #requests: ClusterRequests;

  /** `nodes()` adds the addresses of the other living nodes. */
  constructor(options: ClusterRequestsOptions) {
    this.#requests = new ClusterRequests(options);
  }

  async nodes(): Promise<readonly NodeInfo[]> {
    const { items } = await this.#requests.get<{ items: readonly NodeInfo[] }>('nodes');
    const living = items.flatMap(({ state, url }) => (state === 'lost' || !url ? [] : [url]));
    this.#requests.addUrls(living);
    return items;
  }

  async shards({ node, state }: ShardFilter = {}): Promise<readonly ShardInfo[]> {
    const query = new URLSearchParams({ ...(node && { node }), ...(state && { state }) });
    return (
      await this.#requests.get<{ items: readonly ShardInfo[] }>(
        query.size === 0 ? 'shards' : `shards?${query.toString()}`,
      )
    ).items;
  }

  /** Newest first; `limit` up to `MOVES_LISTED_MAX`. */
  async moves(limit: number): Promise<readonly MoveInfo[]> {
    return (await this.#requests.get<{ items: readonly MoveInfo[] }>(`moves?limit=${limit}`)).items;
  }

  /** `to` null removes the pin. */
  pin(shard: number, to: string | null, dryRun: boolean): Promise<MovePlan> {
    return to === null
      ? this.#requests.post(`shards/${shard}/unpin`, { dryRun })
      : this.#requests.post(`shards/${shard}/pin`, { to, dryRun });
  }

  drain(nodeId: string, dryRun: boolean): Promise<MovePlan> {
    return this.#requests.post(`nodes/${nodeId}/drain`, { dryRun });
  }

  undrain(nodeId: string, dryRun: boolean): Promise<MovePlan> {
    return this.#requests.post(`nodes/${nodeId}/undrain`, { dryRun });
  }

  rebalance(movesMax: number, dryRun: boolean): Promise<MovePlan> {
    return this.#requests.post('rebalance', { movesMax, dryRun });
  }

  /** Resolves when the node has accepted the request, before it restarts. */
  async restart(nodeId: string): Promise<void> {
    await this.#requests.post(`nodes/${nodeId}/restart`, null);
  }

  /** Resolves when the owner of the quarantined drop serves it again. */
  async releaseDrop(dropId: string): Promise<void> {
    await this.#requests.post(`drops/${dropId}/release`, null);
  }

  /**
   * Starts a run and follows it to its end. When the signal is aborted, the run is cancelled, which
   * is its end then. Errors: `ApiError`.
   */
  async run(
    request: NewRunRequest,
    { signal, progress }: RunContext,
  ): Promise<Exclude<RunEnd, { type: 'failed' }>> {
    const { id } = await this.#requests.post<RunInfo>('runs', request);
    const cancel = () => {
      // A run that has ended cannot be cancelled; any other failure shows in the stream.
      this.#requests.delete(`runs/${id}`, true).catch(() => undefined);
    };
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel);
    try {
      for (let failures = 0; ; failures++) {
        try {
          for await (const line of this.#requests.lines(`/v1/operator/runs/${id}`, null)) {
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
    return this.#requests.newest('jobs', stateFilter(state), limit);
  }

  job(id: string): Promise<JobInfo> {
    return this.#requests.get(`jobs/${id}`);
  }

  changeJob(id: string, change: 'retry' | 'cancel', dryRun: boolean): Promise<JobChangeInfo> {
    return this.#requests.post(`jobs/${id}/${change}`, { dryRun });
  }

  /** The newest refunds, at most `limit`; of all states where `state` is null. */
  refunds(state: RefundState | null, limit: number): Promise<readonly RefundInfo[]> {
    return this.#requests.newest('refunds', stateFilter(state), limit);
  }

  /** The newest payments to look at, at most `limit`. */
  paymentProblems(filter: ProblemFilter, limit: number): Promise<readonly ProblemInfo[]> {
    const { kind, open } = filter;
    const query = {
      ...(kind !== undefined && { kind }),
      ...(open !== undefined && { open: String(open) }),
    };
    return this.#requests.newest('payment-problems', query, limit);
  }

  retryRefund(id: string, dryRun: boolean): Promise<RefundChangeInfo> {
    return this.#requests.post(`refunds/${id}/retry`, { dryRun });
  }

  dismissRefund(id: string, reason: string, dryRun: boolean): Promise<RefundChangeInfo> {
    return this.#requests.post(`refunds/${id}/dismiss`, { reason, dryRun });
  }

  async searchNodes(): Promise<readonly SearchNodeInfo[]> {
    return (await this.#requests.get<{ items: readonly SearchNodeInfo[] }>('search')).items;
  }

  /** Resolves when the node has begun. */
  async rebuildSearch(nodeId: string): Promise<void> {
    await this.#requests.post(`search/${nodeId}/rebuild`, null);
  }

  async caches(): Promise<readonly NodeCaches[]> {
    return (await this.#requests.get<{ items: readonly NodeCaches[] }>('caches')).items;
  }

  async evictCaches(eviction: CacheEviction): Promise<readonly EvictedCaches[]> {
    const evicted = await this.#requests.post<{ items: readonly EvictedCaches[] }>(
      'caches/evict',
      eviction,
    );
    return evicted.items;
  }

  async operators(): Promise<readonly OperatorInfo[]> {
    return (await this.#requests.get<{ items: readonly OperatorInfo[] }>('operators')).items;
  }

  addOperator(email: string, role: OperatorRow['role']): Promise<AddedOperator> {
    return this.#requests.post('operators', { email, role });
  }

  async removeOperator(userId: string): Promise<void> {
    await this.#requests.delete(`operators/${encodeURIComponent(userId)}`, false);
  }

  /** Those of a creator; null: everywhere. The newest, at most `limit`. */
  bans(creatorId: string | null, limit: number): Promise<readonly BanInfo[]> {
    const filter: Record<string, string> = creatorId === null ? {} : { creator_id: creatorId };
    return this.#requests.newest('bans', filter, limit);
  }

  ban(userId: string, ban: NewBanInfo): Promise<MadeBanInfo> {
    return this.#requests.put(`bans/${encodeURIComponent(userId)}`, ban);
  }

  async unban(userId: string): Promise<void> {
    await this.#requests.delete(`bans/${encodeURIComponent(userId)}`, false);
  }

  /** Creators who stand so, the newest, at most `limit`. */
  sellers(standing: Standing, limit: number): Promise<readonly SellerInfo[]> {
    return this.#requests.newest('sellers', { standing }, limit);
  }

  changeSeller(creatorId: string, change: SellerChange): Promise<ChangedSellerInfo> {
    return this.#requests.put(`sellers/${encodeURIComponent(creatorId)}`, change);
  }

  takeDowns(of: TakenDown, limit: number): Promise<readonly TakeDownInfo[]> {
    return this.#requests.newest(`take-downs/${of}s`, {}, limit);
  }

  takeDown(of: TakenDown, id: string, takeDown: NewTakeDown): Promise<MadeTakeDownInfo> {
    return this.#requests.put(`take-downs/${of}s/${encodeURIComponent(id)}`, takeDown);
  }

  async restore(of: TakenDown, id: string): Promise<void> {
    await this.#requests.delete(`take-downs/${of}s/${encodeURIComponent(id)}`, false);
  }

  /** The lines of the outside stream of the first node that answers. Errors: `ApiError`. */
  async *changes({ from, follow, signal }: ChangesRequest): AsyncGenerator<string> {
    const query = new URLSearchParams({ from, follow: String(follow) }).toString();
    yield* this.#requests.lines(`/v1/changes?${query}`, signal);
  }

  /** All orders of a drop as a file, piece by piece. Errors: `ApiError`. */
  exportOrders(
    dropId: string,
    format: ExportFormat,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    return this.#requests.pieces(`/v1/drops/${dropId}/orders/export?format=${format}`, signal);
  }
}

function stateFilter(state: string | null): Readonly<Record<string, string>> {
  return state === null ? {} : { state };
}
