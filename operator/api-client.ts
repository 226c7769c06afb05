// The API for operators, resource by resource, by the client of `sdk/`.

import { setTimeout as delay } from 'node:timers/promises';
import type { RunContext } from '../actors/run-context.ts';
import type { AnalyticsStep } from '../contracts/analytics.ts';
import type { JobState } from '../contracts/jobs.ts';
import type { OperatorRow } from '../contracts/operator-accounts.ts';
import type { RunEnd } from '../contracts/operator.ts';
import type { ExportFormat } from '../contracts/orders.ts';
import type { ProblemFilter } from '../contracts/payment-problems.ts';
import type { RefundState } from '../contracts/refunds.ts';
import type { Standing, TakenDown } from '../contracts/standings.ts';
import type { DeliveryState } from '../contracts/webhooks.ts';
import type {
  AddedOperator,
  AuditEntry,
  Ban,
  CacheEviction,
  ChangedSeller,
  Drop,
  DropAnalytics,
  EvictedCaches,
  Job,
  JobChange,
  MadeBan,
  MadeTakeDown,
  Media,
  Move,
  MovePlan,
  NewBan,
  NewRun,
  NewTakeDown,
  Node,
  NodeCaches,
  Operator,
  LedgerCheck,
  LedgerConsistency,
  LedgerProof,
  LedgerStatus,
  OperatorPushKey,
  Operations,
  ParkedRefund,
  PaymentProblem,
  RefundChange,
  Run,
  SearchNode,
  Seller,
  SellerChange,
  Shard,
  TakeDown,
  Webhook,
  WebhookDelivery,
} from '../sdk/api.ts';
import type { LiveDrops } from '../sdk/client.ts';
import { ApiError } from './api-error.ts';
import type { AuditQuery } from './audit.ts';
import { ClusterClient, type ClusterClientOptions } from './cluster-client.ts';

export type ShardFilter = NonNullable<Operations['GET /v1/operator/shards']['query']>;

export interface ChangesRequest {
  /** A position, `start` or `now`. */
  readonly from: string;
  readonly follow: boolean;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

const LIVE_DROPS_MAX = 100;
/** The most moves that one answer can hold. */
export const MOVES_LISTED_MAX = 100;

/** Of the stream of a run. A run that nobody follows for five seconds is cancelled. */
const RECONNECT_PAUSE_MS = 500;
const RECONNECTS_MAX = 8;
const FAILED_STATUS = 500;
/**
 * Changes have no key: while a node of a feature level below 4 lives, newer ones refuse keys, and
 * the restart that ends this is asked for by these commands.
 */
const WITHOUT_KEY = { intent: null } as const;

/** All methods raise `ApiError`. */
export class OperatorApi {
  readonly #cluster: ClusterClient;

  /** `nodes()` adds the addresses of the other living nodes. */
  constructor(options: ClusterClientOptions) {
    this.#cluster = new ClusterClient(options);
  }

  async nodes(): Promise<readonly Node[]> {
    const { items } = await this.#cluster.ask((client) => client.call('GET /v1/operator/nodes'));
    this.#cluster.addUrls(
      items.flatMap(({ state, url }) => (state === 'lost' || !url ? [] : [url])),
    );
    return items;
  }

  async shards({ node, state }: ShardFilter = {}): Promise<readonly Shard[]> {
    const query = { ...(node && { node }), ...(state && { state }) };
    return (await this.#cluster.ask((client) => client.call('GET /v1/operator/shards', { query })))
      .items;
  }

  /** Newest first; `limit` up to `MOVES_LISTED_MAX`. */
  async moves(limit: number): Promise<readonly Move[]> {
    const query = { limit };
    return (await this.#cluster.ask((client) => client.call('GET /v1/operator/moves', { query })))
      .items;
  }

  analytics(dropId: string, step?: AnalyticsStep): Promise<DropAnalytics> {
    const query = { ...(step && { step }) };
    return this.#cluster.ask((client) =>
      client.call('GET /v1/drops/{id}/analytics', { path: { id: dropId }, query }),
    );
  }

  get url(): string {
    return this.#cluster.url;
  }

  /** Those that started last, `LIVE_DROPS_MAX` at most. */
  liveDrops(): Promise<readonly Drop[]> {
    return this.#cluster.newest(LIVE_DROPS_MAX, (client, page) =>
      client.items('GET /v1/drops', { query: { status: 'live', ...page } }),
    );
  }

  /** The metrics of one node, as Prometheus reads them. */
  metrics(url: string): Promise<string> {
    return this.#cluster.page(url, '/metrics');
  }

  /** The newest that match, at most `limit`. */
  audit(query: AuditQuery, limit: number): Promise<readonly AuditEntry[]> {
    return this.#cluster.newest(limit, (client, page) =>
      client.items('GET /v1/operator/audit', { query: { ...query, ...page } }),
    );
  }

  /** `to` null removes the pin. */
  pin(shard: number, to: string | null, dryRun: boolean): Promise<MovePlan> {
    const path = { id: String(shard) };
    return this.#cluster.ask((client) =>
      to === null
        ? client.call('POST /v1/operator/shards/{id}/unpin', {
            path,
            body: { dryRun },
            ...WITHOUT_KEY,
          })
        : client.call('POST /v1/operator/shards/{id}/pin', {
            path,
            body: { to, dryRun },
            ...WITHOUT_KEY,
          }),
    );
  }

  drain(nodeId: string, dryRun: boolean): Promise<MovePlan> {
    return this.#changeNode(nodeId, 'drain', dryRun);
  }

  undrain(nodeId: string, dryRun: boolean): Promise<MovePlan> {
    return this.#changeNode(nodeId, 'undrain', dryRun);
  }

  rebalance(movesMax: number, dryRun: boolean): Promise<MovePlan> {
    const input = { body: { movesMax, dryRun }, ...WITHOUT_KEY };
    return this.#cluster.ask((client) => client.call('POST /v1/operator/rebalance', input));
  }

  /** Resolves when the node has accepted the request, before it restarts. */
  async restart(nodeId: string): Promise<void> {
    const input = { path: { id: nodeId }, ...WITHOUT_KEY };
    await this.#cluster.ask((client) => client.call('POST /v1/operator/nodes/{id}/restart', input));
  }

  /** Resolves when the owner of the quarantined drop serves it again. */
  async releaseDrop(dropId: string): Promise<void> {
    const input = { path: { id: dropId }, ...WITHOUT_KEY };
    await this.#cluster.ask((client) => client.call('POST /v1/operator/drops/{id}/release', input));
  }

  /**
   * Starts a run and follows it to its end. When the signal is aborted, the run is cancelled, which
   * is its end then.
   */
  async run(
    request: NewRun,
    { signal, progress }: RunContext,
  ): Promise<Exclude<RunEnd, { type: 'failed' }>> {
    const started = { body: request, ...WITHOUT_KEY };
    const { id } = await this.#cluster.ask((client) =>
      client.call('POST /v1/operator/runs', started),
    );
    const input = { path: { id } };
    const cancel = () => {
      // A run that has ended cannot be cancelled; any other failure shows in the stream.
      this.#cluster
        .ask((client) => client.call('DELETE /v1/operator/runs/{id}', input))
        .catch(() => undefined);
    };
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel);
    try {
      for (let failures = 0; ; failures++) {
        try {
          const open = (client: LiveDrops) => client.open('GET /v1/operator/runs/{id}', input);
          for await (const line of this.#cluster.lines(open)) {
            failures = 0;
            const run = JSON.parse(line) as Run;
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
  jobs(state: JobState | null, limit: number): Promise<readonly Job[]> {
    const query = state === null ? {} : { state };
    return this.#cluster.newest(limit, (client, page) =>
      client.items('GET /v1/operator/jobs', { query: { ...query, ...page } }),
    );
  }

  job(id: string): Promise<Job> {
    return this.#cluster.ask((client) =>
      client.call('GET /v1/operator/jobs/{id}', { path: { id } }),
    );
  }

  changeJob(id: string, change: 'retry' | 'cancel', dryRun: boolean): Promise<JobChange> {
    const input = { path: { id }, body: { dryRun }, ...WITHOUT_KEY };
    return this.#cluster.ask((client) =>
      client.call(`POST /v1/operator/jobs/{id}/${change}`, input),
    );
  }

  /** The newest refunds, at most `limit`; of all states where `state` is null. */
  refunds(state: RefundState | null, limit: number): Promise<readonly ParkedRefund[]> {
    const query = state === null ? {} : { state };
    return this.#cluster.newest(limit, (client, page) =>
      client.items('GET /v1/operator/refunds', { query: { ...query, ...page } }),
    );
  }

  /** The newest payments to look at, at most `limit`. */
  paymentProblems(query: ProblemFilter, limit: number): Promise<readonly PaymentProblem[]> {
    return this.#cluster.newest(limit, (client, page) =>
      client.items('GET /v1/operator/payment-problems', { query: { ...query, ...page } }),
    );
  }

  retryRefund(id: string, dryRun: boolean): Promise<RefundChange> {
    const input = { path: { id }, body: { dryRun }, ...WITHOUT_KEY };
    return this.#cluster.ask((client) =>
      client.call('POST /v1/operator/refunds/{id}/retry', input),
    );
  }

  dismissRefund(id: string, reason: string, dryRun: boolean): Promise<RefundChange> {
    const input = { path: { id }, body: { reason, dryRun }, ...WITHOUT_KEY };
    return this.#cluster.ask((client) =>
      client.call('POST /v1/operator/refunds/{id}/dismiss', input),
    );
  }

  async searchNodes(): Promise<readonly SearchNode[]> {
    return (await this.#cluster.ask((client) => client.call('GET /v1/operator/search'))).items;
  }

  /** Resolves when the node has begun. */
  async rebuildSearch(nodeId: string): Promise<void> {
    const input = { path: { id: nodeId } };
    await this.#cluster.ask((client) =>
      client.call('POST /v1/operator/search/{id}/rebuild', input),
    );
  }

  async caches(): Promise<readonly NodeCaches[]> {
    return (await this.#cluster.ask((client) => client.call('GET /v1/operator/caches'))).items;
  }

  async evictCaches(body: CacheEviction): Promise<readonly EvictedCaches[]> {
    const input = { body };
    return (
      await this.#cluster.ask((client) => client.call('POST /v1/operator/caches/evict', input))
    ).items;
  }

  async operators(): Promise<readonly Operator[]> {
    return (await this.#cluster.ask((client) => client.call('GET /v1/operator/operators'))).items;
  }

  addOperator(email: string, role: OperatorRow['role']): Promise<AddedOperator> {
    const input = { body: { email, role } };
    return this.#cluster.ask((client) => client.call('POST /v1/operator/operators', input));
  }

  async removeOperator(id: string): Promise<void> {
    const input = { path: { id } };
    await this.#cluster.ask((client) => client.call('DELETE /v1/operator/operators/{id}', input));
  }

  /** By their ids, at most `limit`. */
  webhooks(limit: number): Promise<readonly Webhook[]> {
    return this.#cluster.newest(limit, (client, page) =>
      client.items('GET /v1/operator/webhooks', { query: page }),
    );
  }

  /** The newest deliveries of a webhook, at most `limit`. */
  deliveries(
    id: string,
    state: DeliveryState | null,
    limit: number,
  ): Promise<readonly WebhookDelivery[]> {
    const filter = state === null ? {} : { state };
    return this.#cluster.newest(limit, (client, page) =>
      client.items('GET /v1/operator/webhooks/{id}/deliveries', {
        path: { id },
        query: { ...filter, ...page },
      }),
    );
  }

  disableWebhook(id: string): Promise<Webhook> {
    const input = { path: { id } };
    return this.#cluster.ask((client) =>
      client.call('POST /v1/operator/webhooks/{id}/disable', input),
    );
  }

  resendDelivery(id: string, deliveryId: string): Promise<WebhookDelivery> {
    const input = { path: { id, deliveryId } };
    return this.#cluster.ask((client) =>
      client.call('POST /v1/operator/webhooks/{id}/deliveries/{deliveryId}/resend', input),
    );
  }

  ledger(): Promise<LedgerStatus> {
    return this.#cluster.ask((client) => client.call('GET /v1/operator/ledger'));
  }

  async noteLedgerCheck(check: LedgerCheck): Promise<void> {
    const input = { body: check };
    await this.#cluster.ask((client) => client.call('PUT /v1/operator/ledger/verification', input));
  }

  /** At most `limit` leaves of the tree, base64. */
  async ledgerLeaves(tree: string, from: number, limit: number): Promise<readonly string[]> {
    const query = { tree, from, limit };
    const answer = await this.#cluster.ask((client) =>
      client.call('GET /v1/operator/ledger/leaves', { query }),
    );
    return answer.leaves;
  }

  /** Hashes, base64. */
  async ledgerEdge(tree: string, size: number): Promise<readonly string[]> {
    const query = { tree, size };
    const answer = await this.#cluster.ask((client) =>
      client.call('GET /v1/operator/ledger/edge', { query }),
    );
    return answer.hashes;
  }

  ledgerProof(query: {
    tree?: string;
    number?: number;
    order?: string;
    buyer?: string;
  }): Promise<LedgerProof> {
    return this.#cluster.ask((client) => client.call('GET /v1/operator/ledger/proof', { query }));
  }

  ledgerConsistency(from: number): Promise<LedgerConsistency> {
    const query = { from };
    return this.#cluster.ask((client) =>
      client.call('GET /v1/operator/ledger/consistency', { query }),
    );
  }

  rotateLedgerKey(after: string): Promise<LedgerStatus> {
    const input = { body: { after } };
    return this.#cluster.ask((client) => client.call('PUT /v1/operator/ledger/keys', input));
  }

  async removeLedgerKey(id: string): Promise<void> {
    const input = { path: { id } };
    await this.#cluster.ask((client) => client.call('DELETE /v1/operator/ledger/keys/{id}', input));
  }

  async pushKeys(): Promise<readonly OperatorPushKey[]> {
    return (await this.#cluster.ask((client) => client.call('GET /v1/operator/push-keys'))).items;
  }

  async rotatePushKeys(after: string): Promise<readonly OperatorPushKey[]> {
    const input = { body: { after } };
    return (await this.#cluster.ask((client) => client.call('PUT /v1/operator/push-keys', input)))
      .items;
  }

  async removePushKey(id: string): Promise<void> {
    const input = { path: { id } };
    await this.#cluster.ask((client) => client.call('DELETE /v1/operator/push-keys/{id}', input));
  }

  /** Those of a creator; null: everywhere. The newest, at most `limit`. */
  bans(creatorId: string | null, limit: number): Promise<readonly Ban[]> {
    const query = creatorId === null ? {} : { creator_id: creatorId };
    return this.#cluster.newest(limit, (client, page) =>
      client.items('GET /v1/operator/bans', { query: { ...query, ...page } }),
    );
  }

  ban(id: string, body: NewBan): Promise<MadeBan> {
    const input = { path: { id }, body };
    return this.#cluster.ask((client) => client.call('PUT /v1/operator/bans/{id}', input));
  }

  async unban(id: string): Promise<void> {
    const input = { path: { id } };
    await this.#cluster.ask((client) => client.call('DELETE /v1/operator/bans/{id}', input));
  }

  /** Creators who stand so, the newest, at most `limit`. */
  sellers(standing: Standing, limit: number): Promise<readonly Seller[]> {
    return this.#cluster.newest(limit, (client, page) =>
      client.items('GET /v1/operator/sellers', { query: { standing, ...page } }),
    );
  }

  changeSeller(id: string, body: SellerChange): Promise<ChangedSeller> {
    const input = { path: { id }, body };
    return this.#cluster.ask((client) => client.call('PUT /v1/operator/sellers/{id}', input));
  }

  takeDowns(of: TakenDown, limit: number): Promise<readonly TakeDown[]> {
    return this.#cluster.newest(limit, (client, query) =>
      client.items(`GET /v1/operator/take-downs/${of}s`, { query }),
    );
  }

  takeDown(of: TakenDown, id: string, body: NewTakeDown): Promise<MadeTakeDown> {
    const input = { path: { id }, body };
    return this.#cluster.ask((client) =>
      client.call(`PUT /v1/operator/take-downs/${of}s/{id}`, input),
    );
  }

  async restore(of: TakenDown, id: string): Promise<void> {
    const input = { path: { id } };
    await this.#cluster.ask((client) =>
      client.call(`DELETE /v1/operator/take-downs/${of}s/{id}`, input),
    );
  }

  media(id: string): Promise<Media> {
    const input = { path: { id } };
    return this.#cluster.ask((client) => client.call('GET /v1/operator/media/{id}', input));
  }

  /** As it was. */
  removeMedia(id: string, reason?: string): Promise<Media> {
    const input = { path: { id }, query: reason === undefined ? {} : { reason } };
    return this.#cluster.ask((client) => client.call('DELETE /v1/operator/media/{id}', input));
  }

  /** The lines of the outside stream of the first node that answers. */
  changes({ from, follow, signal }: ChangesRequest): AsyncGenerator<string> {
    const query = { from, follow };
    return this.#cluster.lines((client) => client.open('GET /v1/changes', { query, signal }));
  }

  /** All orders of a drop as a file, piece by piece. */
  exportOrders(id: string, format: ExportFormat, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const input = { path: { id }, query: { format }, signal };
    return this.#cluster.pieces((client) => client.open('GET /v1/drops/{id}/orders/export', input));
  }

  #changeNode(id: string, change: 'drain' | 'undrain', dryRun: boolean): Promise<MovePlan> {
    const input = { path: { id }, body: { dryRun }, ...WITHOUT_KEY };
    return this.#cluster.ask((client) =>
      client.call(`POST /v1/operator/nodes/{id}/${change}`, input),
    );
  }
}
